import { LogqlError } from '#logql/error.ts'
import { BadParam } from '../http/params.ts'
import { BadQueryString } from '../http/query-string.ts'
import { TenantError } from '../http/tenant.ts'
import { QueryError } from './query-error.ts'

/** Status and body for what a query was refused with; `undefined` for a fault of the server. */
export function refusalOf(error: unknown): { readonly status: number; readonly text: string } | undefined {
  if (error instanceof TenantError) return { status: error.status, text: `${error.message}\n` }
  if (error instanceof LogqlError || error instanceof QueryError) {
    return { status: error.status, text: error.message }
  }
  if (error instanceof BadParam || error instanceof BadQueryString) {
    return { status: 400, text: error.message }
  }
  return undefined
}
