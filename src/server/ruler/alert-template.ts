import { errorMessage } from '#base/errors.ts'
import type { Labels } from '#base/labels.ts'
import { executeTemplate, LabelMap } from '#base/template/exec.ts'
import { type ParsedTemplate, parseTemplate } from '#base/template/parser.ts'
import type { Value } from '#base/template/values.ts'
import { isRuleFunction, RULE_VARIABLES } from '#config/rules/rule-template.ts'
import { ruleFunctions } from './template-functions.ts'

/** A sample as templates see it. */
export interface TemplateSample {
  readonly labels: Labels
  readonly value: number
}

/** What a template is filled in with. */
export interface TemplateData extends TemplateSample {
  readonly externalUrl: string
  readonly nowMs: number
  /** Answers `{{ query "…" }}`. */
  query(text: string): Promise<readonly TemplateSample[]>
}

/** Queries that one template may ask, those within loops included. */
const MAX_QUERIES = 20

/** A query that has to be answered before the template can go on. */
class QueryWanted extends Error {
  readonly query: string

  constructor(query: string) {
    super(`query ${query}`)
    this.query = query
  }
}

/**
 * Fills in the template of a label or annotation. Never throws: what goes wrong becomes the text
 * `<error expanding template: …>`, as in Prometheus, and is told to `onError`.
 */
export async function expandTemplate(
  alert: string,
  text: string,
  data: TemplateData,
  onError: (message: string) => void,
): Promise<string> {
  if (!text.includes('{{')) return text
  try {
    const parsed = parseTemplate(`__alert_${alert}`, RULE_VARIABLES + text, isRuleFunction)
    return await execute(parsed, data)
  } catch (error) {
    const message = errorMessage(error)
    onError(message)
    return `<error expanding template: ${message}>`
  }
}

/** Templates run without waiting, so one that asks a query is run again once there is an answer. */
async function execute(parsed: ParsedTemplate, data: TemplateData): Promise<string> {
  const answers = new Map<string, Value>()
  let wanted: QueryWanted | undefined
  const query = (text: string): Value => {
    const answer = answers.get(text)
    if (answer !== undefined) return answer
    wanted = new QueryWanted(text)
    throw wanted
  }
  const functions = ruleFunctions({ externalUrl: data.externalUrl, nowMs: data.nowMs, query })
  for (;;) {
    wanted = undefined
    try {
      return executeTemplate(parsed, functions, rootOf(data))
    } catch (error) {
      // The executor wraps what functions throw, so the wish itself is looked at.
      const open = wanted as QueryWanted | undefined
      if (open === undefined) throw error
      if (answers.size >= MAX_QUERIES) throw new Error(`more than ${MAX_QUERIES} queries in one template`)
      answers.set(open.query, (await data.query(open.query)).map(sampleValue))
    }
  }
}

function rootOf({ labels, value, externalUrl }: TemplateData): Value {
  return new Map<string, Value>([
    ['Labels', new LabelMap(labels)],
    ['ExternalLabels', new LabelMap()],
    ['ExternalURL', externalUrl],
    ['Value', value],
  ])
}

function sampleValue({ labels, value }: TemplateSample): Value {
  return new Map<string, Value>([
    ['Labels', new LabelMap(labels)],
    ['Value', value],
  ])
}
