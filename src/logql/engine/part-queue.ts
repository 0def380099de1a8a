/** A part of a query's time that can be read in this thread, and maybe in another. */
export interface PartJob<Answer> {
  readonly canLeave: boolean
  here(): Promise<Answer>
  there(): Promise<Answer>
}

/** Where parts are given to. */
interface Elsewhere {
  readonly threads: number
  room(): number
}

interface Waiting<Answer> {
  readonly job: PartJob<Answer>
  answer: Promise<Answer> | undefined
  isDone: boolean
}

/**
 * Answers parts, and yields the answers in the order of the parts. Other threads take what they have room
 * for; this one reads the earliest part that none has taken, one at a time, while it waits. No more than a
 * few answers are held. Leaving the iteration leaves parts behind that were given away: whoever iterates
 * ends them; `given` has the promises of when they have.
 */
export async function* answersInOrder<Answer>(
  next: () => PartJob<Answer> | undefined,
  elsewhere: Elsewhere,
  given: Promise<unknown>[],
): AsyncGenerator<Answer, void, undefined> {
  const waiting: Waiting<Answer>[] = []
  const most = 3 * elsewhere.threads + 2
  let isOver = false
  const giveAway = (one: Waiting<Answer>): void => {
    const answer = one.job.there()
    one.answer = answer
    const settled = answer.then(
      () => {
        one.isDone = true
        if (!isOver) fill()
      },
      () => {
        one.isDone = true
      },
    )
    given.push(settled)
  }
  const fill = (): void => {
    while (waiting.length < most) {
      const job = next()
      if (job === undefined) break
      waiting.push({ job, answer: undefined, isDone: false })
    }
    for (const one of waiting) {
      if (elsewhere.room() <= 0) return
      if (one.answer === undefined && one.job.canLeave) giveAway(one)
    }
  }
  const readHere = async (one: Waiting<Answer>): Promise<void> => {
    one.answer = one.job.here()
    await one.answer
    one.isDone = true
  }
  try {
    for (;;) {
      fill()
      const [first] = waiting
      if (first === undefined) return
      while (!first.isDone) {
        const idle = waiting.find(({ answer }) => answer === undefined)
        if (idle !== undefined) await readHere(idle)
        else await first.answer
      }
      if (first.answer === undefined) return
      const answer = await first.answer
      waiting.shift()
      yield answer
    }
  } finally {
    isOver = true
  }
}
