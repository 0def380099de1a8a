import type { z } from 'zod'
import { listOf, section, strings, text } from '../fields.ts'

/**
 * `access`: who may read, write and administer. Loki has no such section and does not start with it, so
 * it may also stand in a file of its own (`access.file`, the flag `-access.file` or
 * `LOGBOOM_ACCESS_FILE`).
 */
export const accessSchema = section(
  { goType: 'logboom.Access' },
  {
    /**
     * A YAML file with the other keys of this section; it takes their place and is read again as it
     * changes.
     */
    file: text('', 'access.file'),
    clients: listOf(
      section(
        { goType: 'logboom.Client' },
        {
          /** The user of basic authentication, and what audit lines call the client. */
          name: text(''),
          /** `scrypt:…` as `logboom hash-secret` prints it, for `Authorization: Basic`. */
          password_hash: text(''),
          /** The same of a token, for `Authorization: Bearer`. */
          token_hash: text(''),
          /** Common name of a client certificate that the TLS listener has verified. */
          certificate_name: text(''),
          /** Tenants the client may name; `*` is all of them. */
          tenants: strings([]),
          /** `read`, `write`, `admin`. */
          allow: strings([]),
        },
      ),
    ),
    /** What needs no client at all: any of `read`, `write`, `admin`. */
    anonymous: strings([]),
    /** Paths that stay open to everybody. */
    open_paths: strings(['/ready', '/metrics']),
  },
)

/** The section, read. */
export type AccessSection = z.output<typeof accessSchema>
