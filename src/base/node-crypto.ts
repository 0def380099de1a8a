/** `node:crypto`, loaded when it is first needed: 3 MB in a collector that otherwise takes 65. */
export function nodeCrypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto')
}
