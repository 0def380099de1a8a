import type { ComponentDefinition } from '../runtime/component.ts'
import { discoveryDocker } from './discovery_docker.ts'
import { discoveryFile } from './discovery_file.ts'
import { discoveryRelabel } from './discovery_relabel.ts'
import { localFile } from './local_file.ts'
import { localFileMatch } from './local_file_match.ts'
import { logboomContainerLabels } from './logboom_container_labels.ts'
import { lokiEcho } from './loki_echo.ts'
import { lokiProcess } from './loki_process.ts'
import { lokiRelabel } from './loki_relabel.ts'
import { lokiSecretFilter } from './loki_secretfilter.ts'
import { lokiSourceApi } from './loki_source_api.ts'
import { lokiSourceDocker } from './loki_source_docker.ts'
import { lokiSourceFile } from './loki_source_file.ts'
import { lokiSourceJournal } from './loki_source_journal.ts'
import { lokiSourceSyslog } from './loki_source_syslog.ts'
import { lokiWrite } from './loki_write.ts'

/** An entry of the table. It forgets the arguments' type: the runtime decodes by the schema alone. */
function entry<Args>(definition: ComponentDefinition<Args>): [string, ComponentDefinition] {
  return [definition.name, definition as unknown as ComponentDefinition]
}

/** Every kind of component, by its name in the configuration. */
export const componentRegistry: ReadonlyMap<string, ComponentDefinition> = new Map([
  entry(discoveryDocker),
  entry(discoveryFile),
  entry(discoveryRelabel),
  entry(logboomContainerLabels),
  entry(localFile),
  entry(localFileMatch),
  entry(lokiEcho),
  entry(lokiProcess),
  entry(lokiRelabel),
  entry(lokiSecretFilter),
  entry(lokiSourceApi),
  entry(lokiSourceDocker),
  entry(lokiSourceFile),
  entry(lokiSourceJournal),
  entry(lokiSourceSyslog),
  entry(lokiWrite),
])
