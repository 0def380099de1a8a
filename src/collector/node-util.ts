/** `node:util`, taken so for the reason that `node-http.ts` gives: an import loads worker threads with it. */
export const { inspect, isDeepStrictEqual, promisify } = process.getBuiltinModule('node:util')
