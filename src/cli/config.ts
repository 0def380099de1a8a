import type { Command } from 'commander'
import { lokiJsonSchema } from '#config/json-schema.ts'

/** Mounts `logboom config schema`, which prints the JSON Schema of loki.yaml for editors. */
export function registerConfig(program: Command): void {
  program
    .command('config')
    .description('about the configuration of the server')
    .command('schema')
    .description('print the JSON Schema of loki.yaml, for editors (also docs/schema/loki.schema.json)')
    .action(() => console.log(JSON.stringify(lokiJsonSchema(), undefined, 2)))
}
