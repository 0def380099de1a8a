import { afterEach, describe, expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { discoveryRelabel } from '../components/discovery_relabel.ts'
import type { LogsReceiver } from '../pipeline.ts'
import { diagnosticLine } from '../syntax/diagnostic.ts'
import { type Collector, startCollector } from './collector.ts'
import type { ComponentContext, ComponentDefinition } from './component.ts'
import { validateConfig } from './link.ts'

/** What the test components saw, in order. */
let events: string[] = []
const contexts = new Map<string, ComponentContext>()
let collector: Collector | undefined

afterEach(async () => {
  await collector?.stop(1000)
  collector = undefined
  events = []
  contexts.clear()
})

function testComponent(
  name: string,
  extra: Partial<ComponentDefinition>,
  exports: (args: Record<string, unknown>) => Record<string, unknown>,
): ComponentDefinition {
  return {
    name,
    stability: 'generally-available',
    role: 'transform',
    schema: { attributes: {} },
    build(context, args) {
      if (args.fails === true) throw new Error('told to fail')
      if (context.dataDir.startsWith('/nonexistent')) {
        events.push(`build ${context.id}`)
        contexts.set(context.id, context)
      }
      context.setExports(exports(args))
      return {
        run: (signal) => {
          events.push(`run ${context.id}`)
          return new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              events.push(`stop ${context.id}`)
              resolve()
            })
          })
        },
        update: (next) => {
          if (next.fails_later === true) throw new Error('cannot change')
          events.push(`update ${context.id}`)
          context.setExports(exports(next))
        },
      }
    },
    ...extra,
  }
}

const receiver: LogsReceiver = { push: () => Promise.resolve() }
const forwardTo = { forward_to: { type: { list: { capsule: 'LogsReceiver' } }, required: true } } as const
const definitions = [
  testComponent(
    'test.targets',
    { schema: { attributes: { targets: { type: { list: 'target' } }, secret: { type: 'secret' } } } },
    (args) => ({ targets: args.targets ?? [] }),
  ),
  testComponent(
    'test.source',
    {
      role: 'source',
      schema: {
        attributes: { ...forwardTo, targets: { type: { list: 'target' } }, fails: { type: 'bool' } },
      },
    },
    () => ({}),
  ),
  testComponent(
    'test.pipe',
    { schema: { attributes: { ...forwardTo, fails_later: { type: 'bool' } } } },
    () => ({ receiver }),
  ),
  testComponent(
    'test.sink',
    { role: 'sink', schema: { attributes: { url: { type: 'string', required: true } } } },
    () => ({ receiver }),
  ),
  testComponent('test.young', { stability: 'experimental' }, () => ({})),
  discoveryRelabel as unknown as ComponentDefinition,
]
const registry = new Map(definitions.map((definition) => [definition.name, definition]))

const files = (text: string) => [{ name: 'config.alloy', text }]

async function start(text: string): Promise<Collector> {
  collector = await startCollector({
    config: { files: files(text) },
    storagePath: '/nonexistent',
    logger: silentLogger,
    registry,
  })
  return collector
}

async function check(text: string): Promise<string[]> {
  return (await validateConfig(files(text), { registry })).map(diagnosticLine)
}

const PIPELINE = `
test.source "a" { forward_to = [test.pipe.b.receiver] }
test.pipe "b" { forward_to = [test.sink.c.receiver] }
test.sink "c" { url = "http://x" }
`

/** Waits until `condition` holds; the test's own timeout ends the waiting. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1))
}

describe('order', () => {
  test('sinks start first and stop last', async () => {
    await start(PIPELINE)
    await collector?.stop(1000)
    expect(events).toEqual([
      'build test.sink.c',
      'build test.pipe.b',
      'build test.source.a',
      'run test.sink.c',
      'run test.pipe.b',
      'run test.source.a',
      'stop test.source.a',
      'stop test.pipe.b',
      'stop test.sink.c',
    ])
  })
})

describe('stopping', () => {
  test('a component that does not end is not waited for beyond the deadline', async () => {
    const stuck: ComponentDefinition = {
      name: 'test.stuck',
      stability: 'generally-available',
      role: 'source',
      schema: { attributes: { ...forwardTo } },
      build: () => ({ run: () => new Promise(() => undefined), update: () => undefined }),
    }
    const running = await startCollector({
      config: {
        files: files('test.sink "c" { url = "" }\ntest.stuck "s" { forward_to = [test.sink.c.receiver] }'),
      },
      storagePath: '/nonexistent',
      logger: silentLogger,
      registry: new Map([...registry, [stuck.name, stuck]]),
    })
    expect(running.ready()).toBe(true)
    await running.stop(20)
    expect(running.ready()).toBe(false)
    // The sink was held back for the source until then, and told to end all the same.
    expect(events).toEqual(['build test.sink.c', 'run test.sink.c', 'stop test.sink.c'])
  })
})

describe('exports', () => {
  const TEXT = `
    test.targets "t" { targets = [{ a = "/x", n = 1 }, { a = "y" }] }
    discovery.relabel "r" {
      targets = test.targets.t.targets
      rule {
        source_labels = ["a"]
        regex         = "/(.*)"
        target_label  = "service"
      }
      rule {
        source_labels = ["service"]
        regex         = "x|z"
        action        = "keep"
      }
    }
    test.source "s" {
      targets    = discovery.relabel.r.output
      forward_to = []
    }`

  test('reach dependants when they change, and only then', async () => {
    const running = await start(TEXT)
    expect(running.component('discovery.relabel.r')?.exports[0]).toMatchObject({
      name: 'output',
      value: { type: 'array', value: [{ type: 'object' }] },
    })
    events = []
    contexts.get('test.targets.t')?.setExports({ targets: [{ a: '/z' }] })
    await until(() => events.length > 0)
    expect(events).toEqual(['update test.source.s'])
    contexts.get('test.targets.t')?.setExports({ targets: [{ a: '/z' }, { a: 'dropped' }] })
    contexts.get('test.targets.t')?.setExports({ targets: [{ a: '/x' }] })
    await until(() => events.length > 1)
    expect(events).toEqual(['update test.source.s', 'update test.source.s'])
  })
})

describe('reload', () => {
  test('leaves alone what has not changed', async () => {
    const running = await start(PIPELINE)
    events = []
    const changed = PIPELINE.replace('http://x', 'http://y')
    expect(await running.reload(files(changed))).toEqual([])
    expect(events).toEqual(['update test.sink.c'])
  })

  test('a configuration with an error changes nothing', async () => {
    const running = await start(PIPELINE)
    events = []
    const found = await running.reload(files(`${PIPELINE.replace('http://x', 'http://y')}test.sink "d" { }`))
    expect(found.map(diagnosticLine)).toEqual(['config.alloy:5:1: missing required attribute "url"'])
    expect(events).toEqual([])
    expect(running.components().map((info) => info.localID)).toEqual([
      'test.source.a',
      'test.pipe.b',
      'test.sink.c',
    ])
  })

  test('adds and removes components, the old ones ending before the new ones start', async () => {
    const running = await start(PIPELINE)
    events = []
    const changed = PIPELINE.replace('test.source "a"', 'test.source "z"')
    expect(await running.reload(files(changed))).toEqual([])
    expect(events).toEqual(['build test.source.z', 'stop test.source.a', 'run test.source.z'])
  })

  test('a component that refuses its new arguments keeps the old ones and is unhealthy', async () => {
    const running = await start(PIPELINE)
    const changed = PIPELINE.replace('test.pipe "b" {', 'test.pipe "b" {\nfails_later = true\n').replace(
      'receiver] }\ntest.sink',
      'receiver]\n}\ntest.sink',
    )
    const found = await running.reload(files(changed))
    expect(found.map((diagnostic) => diagnostic.message)).toEqual([
      'Failed to build component: building component: cannot change',
    ])
    const health = running.components().find((info) => info.localID === 'test.pipe.b')?.health
    expect(health?.state).toBe('unhealthy')
  })
})

describe('reloads at the same time', () => {
  test('happen one after the other', async () => {
    const running = await start(PIPELINE)
    const texts = ['http://1', 'http://2', 'http://3'].map((url) => PIPELINE.replace('http://x', url))
    const results = await Promise.all(texts.map((text) => running.reload(files(text))))
    expect(results).toEqual([[], [], []])
    expect(running.component('test.sink.c')?.arguments).toMatchObject([
      { name: 'url', value: { type: 'string', value: 'http://3' } },
    ])
  })
})

describe('what a configuration may not say', () => {
  test.each([
    ['x = 1', 'config.alloy:1:1: unrecognized attribute x'],
    ['test.sink { }', 'config.alloy:1:1: component "test.sink" must have a label'],
    [
      'test.snik "a" { }',
      'config.alloy:1:1: cannot find the definition of component name "test.snik"; did you mean "test.sink"?',
    ],
    [
      'test.sink "a" { url = "" }\ntest.sink "a" { url = "" }',
      'config.alloy:2:1: block test.sink.a already declared at config.alloy:1:1',
    ],
    [
      'test.pipe "a" { forward_to = [test.pipe.b.receiver] }\ntest.pipe "b" { forward_to = [test.pipe.a.receiver] }',
      '-: cycle: test.pipe.a, test.pipe.b',
    ],
    ['test.pipe "a" { forward_to = [test.pipe.a.receiver] }', '-: self reference: test.pipe.a'],
    [
      'test.pipe "a" { forward_to = [test.pipe.gone.receiver] }',
      'config.alloy:1:31: component "test.pipe.gone.receiver" does not exist or is out of scope',
    ],
    [
      'test.sink "a" { ulr = "x" }',
      'config.alloy:1:17: unrecognized attribute name "ulr"; did you mean "url"?',
      'config.alloy:1:1: missing required attribute "url"',
    ],
    ['test.sink "a" { url = [] }', 'config.alloy:1:23: [] should be string, got array'],
    [
      'test.pipe "a" { forward_to = ["x", 3] }',
      'config.alloy:1:31: "x" expected capsule("loki.LogsReceiver"), got string',
    ],
    [
      'test.source "a" {\n fails = true\n forward_to = []\n}',
      'config.alloy:1:1: Failed to build component: building component: told to fail',
    ],
    [
      'discovery.relabel "a" {\n targets = []\n rule {\n regex = "["\n target_label = "x"\n }\n}',
      'config.alloy:3:2: Failed to build component: decoding configuration: error parsing regexp: missing closing ]: `[`',
    ],
    ['foreach { }', 'config.alloy:1:1: block "foreach" requires non-empty label'],
    [
      'test.young "x" { }',
      'config.alloy:1:1: component "test.young" is at stability level "experimental", which is below the minimum ' +
        'allowed stability level "generally-available". Use --stability.level command-line flag to enable ' +
        '"experimental" features',
    ],
  ])('%s', async (text, ...expected) => {
    expect(await check(text)).toEqual(expected)
  })

  test('a first load with an error runs nothing', async () => {
    await expect(start(`${PIPELINE}test.sink "d" { }`)).rejects.toThrow('missing required attribute "url"')
    expect(events).toEqual([])
  })
})
