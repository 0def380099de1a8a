import type { HealthState } from './component.ts'

/** How a component is, why, and since when. */
export interface Health {
  readonly state: HealthState
  readonly message: string
  readonly updatedTime: Date
}

const BADNESS: readonly HealthState[] = ['healthy', 'unknown', 'unhealthy', 'exited']

/** A health as of now. */
export function healthNow(state: HealthState, message: string): Health {
  return { state, message, updatedTime: new Date() }
}

/** The worst of several; among equally bad ones the most recent. */
export function worstHealth(healths: readonly Health[]): Health {
  return healths.reduce((worst, health) => {
    const order = BADNESS.indexOf(health.state) - BADNESS.indexOf(worst.state)
    if (order !== 0) return order > 0 ? health : worst
    return health.updatedTime >= worst.updatedTime ? health : worst
  })
}
