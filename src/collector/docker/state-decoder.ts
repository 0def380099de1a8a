import type { ContainerState } from './client.ts'
import type { LineBlocks } from './line-blocks.ts'
import { type LogDecoder, type LogSink, makeFrameDecoder } from './log-decoder.ts'
import { makeTtyDecoder } from './tty-decoder.ts'

/** The longest line passed on, as in Alloy. */
export const MAX_LINE_BYTES = 1024 * 1024

/**
 * The decoder for the log of a container as `state` shows it, sent by an engine that calls itself `server` in
 * its header of that name.
 */
export function makeLogDecoder(
  { tty, running, startedMs, finishedMs }: ContainerState,
  server: string,
  sink: LogSink,
  blocks: LineBlocks,
): LogDecoder {
  const endedMs = running ? undefined : finishedMs
  const options = { maxLineBytes: MAX_LINE_BYTES, blocks, startedMs, endedMs }
  if (tty) return makeTtyDecoder(sink, options)
  return makeFrameDecoder(sink, { ...options, joinShortFrames: server.startsWith('Libpod') })
}
