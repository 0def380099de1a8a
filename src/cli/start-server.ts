import { errorMessage, OperatorError } from '#base/errors.ts'
import { loadTheRest } from '#base/load-later.ts'
import type { Logger } from '#base/logger.ts'
import type { LokiConfig } from '#config/schema/root.ts'
import type { Route } from '#server/routes/table.ts'
import { withScanWorkers } from '#server/scan-workers/with-scan-workers.ts'
import { createServer } from '#server/server.ts'
import { storeSettings } from '#server/store-settings.ts'
import { makeTenantLimits } from '#server/tenant-limits.ts'
import type { EmbeddedOptions } from '#store/embedded/options.ts'
import { openEmbeddedStore } from '#store/embedded/store.ts'
import { findPage } from './find-page.ts'
import { listenAddress, runsInContainer } from './listen-address.ts'

const NARROWED =
  'listening on this machine only, because neither `access` nor `server.http_tls_config` is set; to be ' +
  'reached from others, set one of them, or `server.http_listen_address: 0.0.0.0` in a trusted network'

/** A store with a server in front that listens. */
export interface RunningServer {
  /** E.g. `http://127.0.0.1:3100`. */
  readonly url: string
  /** Takes nothing new in, flushes, lets go of the files. */
  close(): Promise<void>
}

/**
 * Opens the store that the configuration names and serves it. `extraRoutes` are served beside the server's
 * own, under the same rules of access; who bears `ownToken` may write.
 * @throws OperatorError when the folder is in use or not writable, or the port is taken
 */
export async function startServer(
  config: LokiConfig,
  logger: Logger & { level: string },
  extraRoutes: readonly Route[] = [],
  ownToken?: string,
): Promise<RunningServer> {
  const { host, isNarrowed } = listenAddress(config, runsInContainer())
  if (isNarrowed) logger.warn({ host }, NARROWED)
  const limits = await makeTenantLimits(config, logger)
  const fsync = fsyncPolicy(process.env.LOGBOOM_FSYNC)
  const opened = await openEmbeddedStore({ ...storeSettings(config, limits), logger, fsync })
  const { store, parts } = withScanWorkers(opened, config, logger)
  try {
    const shortcuts = readSwitch('LOGBOOM_SHORTCUTS')
    const reuse = readSwitch('LOGBOOM_REUSE')
    const server = await createServer({
      config,
      store,
      logger,
      limits,
      shortcuts,
      reuse,
      parts,
      host,
      pageDir: findPage(),
      extraRoutes,
      ownToken,
      // As a signal from outside: whoever runs this process decides what comes with its end.
      onTerminate: () => process.kill(process.pid, 'SIGTERM'),
    })
    const url = await listen(server)
    const closing = new AbortController()
    const rest = loadTheRest(closing.signal).catch((error: unknown) => {
      logger.error({ err: errorMessage(error) }, 'a part of the server cannot be loaded')
    })
    const close = async (): Promise<void> => {
      closing.abort()
      await rest
      await server.close()
    }
    return { url, close }
  } catch (error) {
    await store.close()
    throw error
  }
}

async function listen(server: Awaited<ReturnType<typeof createServer>>): Promise<string> {
  try {
    return await server.listen()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    const { address, port } = error as { address?: string; port?: number }
    const advice =
      'stop what listens there, or choose another port (up --listen, serve -server.http-listen-port)'
    throw new OperatorError('port_in_use', `${address}:${port} is in use; ${advice}`, { cause: error })
  }
}

/**
 * `LOGBOOM_FSYNC`: `always`, or milliseconds between two fsyncs of the write-ahead log (default 200).
 * Between them a power loss can take acknowledged lines; a crash or `kill -9` never does.
 */
function fsyncPolicy(text = '200'): EmbeddedOptions['fsync'] {
  if (text === 'always') return 'always'
  const intervalMs = Number(text)
  if (Number.isInteger(intervalMs) && intervalMs > 0) return { intervalMs }
  throw new OperatorError('env_invalid', `LOGBOOM_FSYNC is "${text}"; use always, or whole milliseconds`)
}

/**
 * `LOGBOOM_SHORTCUTS` and `LOGBOOM_REUSE`: `off` has queries look at every line, and at every point anew,
 * which finds out whether a shortcut is at fault for an answer; `on` is the default.
 */
function readSwitch(name: string): boolean {
  const text = process.env[name] ?? 'on'
  if (text === 'on' || text === 'off') return text === 'on'
  throw new OperatorError('env_invalid', `${name} is "${text}"; use on or off`)
}
