/** Logboom's version; a test keeps it equal to package.json's. */
export const VERSION = '0.1.0'

/** The Loki version whose behaviour the server reproduces; clients switch features on it. */
export const LOKI_VERSION = '3.8.0'
