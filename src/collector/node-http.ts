/**
 * `node:http`. An import statement reads every export of a module, and one of this module loads the WebSocket
 * client with everything below it: 14 MB in a process that otherwise takes 60. The same goes for
 * `node:https` and `node:tls`, which are therefore taken where an `https://` address asks for them.
 */
export const http = process.getBuiltinModule('node:http')
