import type { Value } from './values.ts'

/** What a parameter takes; `any` takes everything. */
export type ParamType = 'string' | 'int' | 'float64' | 'bool' | 'time.Time' | 'any'

/** A function of the template language. */
export interface TemplateFunction {
  readonly params: readonly ParamType[]
  /** The last parameter may be given any number of times, also none. */
  readonly variadic: boolean
  /** @throws Error whose text follows `error calling name: ` */
  call(args: readonly Value[]): Value
}

/** Functions by name. */
export type FunctionTable = Readonly<Record<string, TemplateFunction>>

/** A function of fixed parameters: `fn('string, int', …)`. A last parameter `…type` is variadic. */
export function fn(params: string, call: (...args: never[]) => Value): TemplateFunction {
  const names = params === '' ? [] : params.split(', ')
  const variadic = names.at(-1)?.startsWith('…') === true
  return {
    params: names.map((name) => name.replace('…', '') as ParamType),
    variadic,
    // The executor has checked every argument against its parameter's type.
    call: (args) => call(...(args as never[])),
  }
}
