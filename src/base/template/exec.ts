import { errorMessage } from '../errors.ts'
import { goQuote } from '../goquote.ts'
import type { FunctionTable, ParamType } from './functions.ts'
import {
  type Command,
  commandText,
  type Operand,
  operandText,
  type Pipe,
  type TemplateNode,
} from './nodes.ts'
import type { ParsedTemplate } from './parser.ts'
import { printValue } from './print.ts'
import { TIME_METHODS } from './time-methods.ts'
import { isMap, isNamedInt, isSlice, isTime, isTrue, typeName, type Value } from './values.ts'

/** Steps one execution may take, so that ranges and recursion end. */
const MAX_STEPS = 1_000_000
const MAX_CALL_DEPTH = 200
const MAX_OUTPUT = 16 * 1024 * 1024

/** Marks the absence of a value piped in from the command before; nil is a value. */
const NOTHING: unique symbol = Symbol('nothing')
type Final = Value | typeof NOTHING

/** `break` and `continue` on their way to the range. */
class LoopSignal {
  readonly kind: 'break' | 'continue'
  constructor(kind: 'break' | 'continue') {
    this.kind = kind
  }
}

/**
 * Runs a template on its data.
 * @throws Error with Go's text: `template: line:1:2: executing "line" at <div 1 0>: error calling div: …`
 */
export function executeTemplate(template: ParsedTemplate, functions: FunctionTable, data: Value): string {
  const executor = new Executor(template, functions, template.name)
  executor.run(template.nodes, data)
  return executor.output
}

class Executor {
  readonly #template: ParsedTemplate
  readonly #functions: FunctionTable
  #name: string
  #variables: [name: string, value: Value][] = []
  #steps = 0
  #depth = 0
  /** What messages point at. */
  #at: { pos: number; text: string } | undefined
  output = ''

  constructor(template: ParsedTemplate, functions: FunctionTable, name: string) {
    this.#template = template
    this.#functions = functions
    this.#name = name
  }

  run(nodes: readonly TemplateNode[], data: Value): void {
    this.#variables = [['$', data]]
    this.#walkAll(nodes, data)
  }

  #fail(message: string): never {
    const { name, text } = this.#template
    if (this.#at === undefined) throw new Error(`template: ${name}: ${message}`)
    const before = text.slice(0, this.#at.pos)
    const newline = before.lastIndexOf('\n')
    const line = before.split('\n').length
    const column = Buffer.byteLength(newline === -1 ? before : before.slice(newline + 1))
    const context = this.#at.text
    throw new Error(
      `template: ${name}:${line}:${column}: executing ${goQuote(this.#name)} at <${context}>: ${message}`,
    )
  }

  #pointAt(pos: number, text: string): void {
    this.#at = { pos, text }
  }

  #step(): void {
    if (++this.#steps > MAX_STEPS) this.#fail('exceeded maximum number of steps')
  }

  #walkAll(nodes: readonly TemplateNode[], dot: Value): void {
    for (const node of nodes) this.#walk(node, dot)
  }

  #walk(node: TemplateNode, dot: Value): void {
    this.#step()
    switch (node.kind) {
      case 'text':
        this.#write(node.text)
        break
      case 'action': {
        const value = this.#pipe(node.pipe, dot)
        if (node.pipe.variables.length === 0) this.#write(printValue(value, '<no value>'))
        break
      }
      case 'break':
      case 'continue':
        throw new LoopSignal(node.kind)
      case 'template':
        this.#call(node, dot)
        break
      case 'range':
        this.#range(node, dot)
        break
      default: {
        const scope = this.#variables.length
        const value = this.#pipe(node.pipe, dot)
        if (isTrue(value)) this.#walkAll(node.body, node.kind === 'with' ? value : dot)
        else this.#walkAll(node.otherwise, dot)
        this.#variables.length = scope
      }
    }
  }

  #write(text: string): void {
    this.output += text
    if (this.output.length > MAX_OUTPUT) this.#fail('output is too long')
  }

  #call(node: TemplateNode & { kind: 'template' }, dot: Value): void {
    this.#pointAt(node.pos, `{{template ${JSON.stringify(node.name)}${node.pipe === undefined ? '' : ' …'}}}`)
    const body = this.#template.defined.get(node.name)
    if (body === undefined) this.#fail(`template ${goQuote(node.name)} not defined`)
    if (++this.#depth > MAX_CALL_DEPTH) this.#fail(`exceeded maximum template depth (${MAX_CALL_DEPTH})`)
    const data = node.pipe === undefined ? undefined : this.#pipe(node.pipe, dot)
    const outer = { variables: this.#variables, name: this.#name }
    this.#variables = [['$', data]]
    this.#name = node.name
    this.#walkAll(body, data)
    this.#variables = outer.variables
    this.#name = outer.name
    this.#depth--
  }

  #range(node: TemplateNode & { kind: 'range' }, dot: Value): void {
    const scope = this.#variables.length
    const value = this.#pipe(node.pipe, dot)
    const inner = this.#variables.length
    const items = this.#items(value)
    const { variables, declares } = node.pipe
    for (const [key, item] of items) {
      this.#step()
      if (variables.length > 0) this.#setIteration(variables, declares, key, item, inner)
      try {
        this.#walkAll(node.body, item)
      } catch (thrown) {
        if (!(thrown instanceof LoopSignal)) throw thrown
        if (thrown.kind === 'break') break
      } finally {
        this.#variables.length = inner
      }
    }
    if (items.length === 0) this.#walkAll(node.otherwise, dot)
    this.#variables.length = scope
  }

  #setIteration(names: readonly string[], declares: boolean, key: Value, item: Value, inner: number): void {
    const values = names.length === 1 ? [item] : [key, item]
    for (const [i, name] of names.entries()) {
      // The declared variables lie on top of the stack, in order.
      if (declares) this.#variables[inner - names.length + i][1] = values[i]
      else this.#assign(name, values[i])
    }
  }

  #items(value: Value): [Value, Value][] {
    if (value === undefined) return []
    if (isSlice(value)) return value.map((item, i) => [BigInt(i), item])
    if (isMap(value)) return [...value.keys()].sort().map((key) => [key, value.get(key)])
    if (typeof value === 'bigint') {
      if (value > BigInt(MAX_STEPS)) this.#fail('range is too long')
      return Array.from({ length: Math.max(0, Number(value)) }, (_, i) => [BigInt(i), BigInt(i)])
    }
    return this.#fail(`range can't iterate over ${printValue(value)}`)
  }

  #pipe(pipe: Pipe, dot: Value): Value {
    let final: Final = NOTHING
    for (const command of pipe.commands) final = this.#command(command, dot, final)
    const value = final === NOTHING ? undefined : final
    for (const name of pipe.variables) {
      if (pipe.declares) this.#variables.push([name, value])
      else this.#assign(name, value)
    }
    return value
  }

  #assign(name: string, value: Value): void {
    const variable = this.#variables.findLast(([known]) => known === name)
    if (variable === undefined) this.#fail(`undefined variable: ${name}`)
    variable[1] = value
  }

  #variable(name: string): Value {
    const variable = this.#variables.findLast(([known]) => known === name)
    if (variable === undefined) this.#fail(`undefined variable: ${name}`)
    return variable[1]
  }

  #command(command: Command, dot: Value, final: Final): Value {
    this.#step()
    const [first, ...args] = command.args
    switch (first.kind) {
      case 'function':
        return this.#callFunction(first.name, command, args, dot, final)
      case 'field':
        return this.#fields(first, dot, first.path, args, dot, final)
      case 'variable':
        return this.#fields(first, this.#variable(first.path[0]), first.path.slice(1), args, dot, final)
      case 'chain':
        return this.#fields(first, this.#operand(first.of, dot), first.path, args, dot, final)
    }
    this.#pointAt(first.pos, operandText(first))
    if (args.length > 0 || final !== NOTHING) {
      if (first.kind === 'pipe') return this.#pipe(first.pipe, dot)
      this.#fail(`can't give argument to non-function ${operandText(first)}`)
    }
    if (first.kind === 'nil') this.#fail('nil is not a command')
    return this.#operand(first, dot)
  }

  /** The value of an operand that is not called with arguments. */
  #operand(operand: Operand, dot: Value): Value {
    switch (operand.kind) {
      case 'dot':
        return dot
      case 'nil':
        return undefined
      case 'bool':
      case 'number':
      case 'string':
        return operand.value
      case 'field':
        return this.#fields(operand, dot, operand.path, [], dot, NOTHING)
      case 'variable':
        return this.#fields(operand, this.#variable(operand.path[0]), operand.path.slice(1), [], dot, NOTHING)
      case 'chain':
        return this.#fields(operand, this.#operand(operand.of, dot), operand.path, [], dot, NOTHING)
      case 'pipe':
        return this.#pipe(operand.pipe, dot)
      case 'function':
        return this.#callFunction(operand.name, { pos: operand.pos, args: [operand] }, [], dot, NOTHING)
    }
  }

  #fields(
    node: Operand,
    receiver: Value,
    path: readonly string[],
    args: readonly Operand[],
    dot: Value,
    final: Final,
  ): Value {
    let value = receiver
    for (const [i, name] of path.entries()) {
      const isLast = i === path.length - 1
      value = this.#field(node, value, name, isLast ? args : [], dot, isLast ? final : NOTHING)
    }
    if (path.length === 0 && (args.length > 0 || final !== NOTHING)) {
      this.#pointAt(node.pos, operandText(node))
      this.#fail(`can't give argument to non-function ${operandText(node)}`)
    }
    return value
  }

  #field(
    node: Operand,
    receiver: Value,
    name: string,
    args: readonly Operand[],
    dot: Value,
    final: Final,
  ): Value {
    this.#pointAt(node.pos, operandText(node))
    if (receiver === undefined) this.#fail(`nil data; no entry for key ${goQuote(name)}`)
    const method = isTime(receiver) ? TIME_METHODS[name] : undefined
    if (isTime(receiver) && method !== undefined) {
      const given = this.#evaluateAll(args, dot, final)
      if (given.length !== method.args) {
        this.#fail(`wrong number of args for ${name}: want ${method.args} got ${given.length}`)
      }
      return method.call(receiver, given)
    }
    if (isNamedInt(receiver) && name === 'String') return receiver.name
    if (!isMap(receiver)) this.#fail(`can't evaluate field ${name} in type ${typeName(receiver)}`)
    if (args.length > 0 || final !== NOTHING) this.#fail(`${name} is not a method but has arguments`)
    // A missing key is the zero value: an empty text among labels, nil in decoded JSON.
    return receiver.has(name) ? receiver.get(name) : receiver instanceof LabelMap ? '' : undefined
  }

  #evaluateAll(args: readonly Operand[], dot: Value, final: Final): Value[] {
    const values = args.map((arg) => this.#operand(arg, dot))
    if (final !== NOTHING) values.push(final)
    return values
  }

  #callFunction(name: string, command: Command, args: readonly Operand[], dot: Value, final: Final): Value {
    if (name === 'and' || name === 'or') return this.#shortCircuit(name, command, args, dot, final)
    if (name === 'call') return this.#refuseCall(command, args, dot)
    const called = this.#functions[name]
    this.#pointAt(command.pos, commandText(command))
    const { params, variadic } = called
    const given = args.length + (final === NOTHING ? 0 : 1)
    const fixed = variadic ? params.length - 1 : params.length
    if (given < fixed || (!variadic && given > fixed)) {
      this.#fail(`wrong number of args for ${name}: want ${variadic ? 'at least ' : ''}${fixed} got ${given}`)
    }
    const values = args.map((arg, i) => this.#argument(arg, params[Math.min(i, params.length - 1)], dot))
    if (final !== NOTHING) {
      this.#pointAt(command.pos, commandText(command))
      values.push(this.#checkType(final, params[Math.min(args.length, params.length - 1)]))
    }
    this.#pointAt(command.pos, commandText(command))
    try {
      return called.call(values)
    } catch (thrown) {
      this.#fail(`error calling ${name}: ${errorMessage(thrown)}`)
    }
  }

  #argument(operand: Operand, type: ParamType, dot: Value): Value {
    if (operand.kind === 'number') {
      this.#pointAt(operand.pos, operand.text)
      return this.#constant(operand.value, type, operand.text)
    }
    const value = this.#operand(operand, dot)
    this.#pointAt(operand.pos, operandText(operand))
    return this.#checkType(value, type)
  }

  /** Constants take the type that is asked for, where they have a value of it. */
  #constant(value: bigint | number, type: ParamType, text: string): Value {
    if (type === 'float64') return Number(value)
    if (type !== 'int') return this.#checkType(value, type)
    if (typeof value === 'bigint') return value
    if (!Number.isInteger(value)) this.#fail(`expected integer; found ${text}`)
    return BigInt(value)
  }

  #checkType(value: Value, type: ParamType): Value {
    if (type === 'any') return value
    const actual = typeName(value)
    if (actual === type) return value
    if (value === undefined) this.#fail(`invalid value; expected ${type}`)
    this.#fail(`wrong type for value; expected ${type}; got ${actual}`)
  }

  #shortCircuit(
    name: 'and' | 'or',
    command: Command,
    args: readonly Operand[],
    dot: Value,
    final: Final,
  ): Value {
    this.#pointAt(command.pos, commandText(command))
    if (args.length === 0 && final === NOTHING) {
      this.#fail(`wrong number of args for ${name}: want at least 1 got 0`)
    }
    let value: Value
    for (const arg of args) {
      value = this.#operand(arg, dot)
      if (isTrue(value) === (name === 'or')) return value
    }
    return final === NOTHING ? value : final
  }

  #refuseCall(command: Command, args: readonly Operand[], dot: Value): never {
    this.#pointAt(command.pos, commandText(command))
    if (args.length === 0) this.#fail('wrong number of args for call: want at least 1 got 0')
    const value = this.#operand(args[0], dot)
    this.#pointAt(command.pos, commandText(command))
    this.#fail(`error calling call: non-function ${operandText(args[0])} of type ${typeName(value)}`)
  }
}

/** The labels of a line: a map whose missing keys are empty texts. */
export class LabelMap extends Map<string, Value> {}
