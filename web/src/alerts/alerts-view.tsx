import { useEffect, useState } from 'react'
import { LokiError, messageOf } from '../loki/http.ts'
import { inWords } from '../state/format-time.ts'
import { PlainText } from '../ui/log-text.tsx'
import { listRules, type Rule, type RuleGroup } from './api.ts'
import './alerts.css'

const POLL_MS = 10_000

interface RulesState {
  /** Null until the first answer. */
  readonly groups: readonly RuleGroup[] | null
  readonly error: { readonly status: number; readonly message: string } | null
}

/** The rules for alerts and recordings, with their state. They are changed in their files or over the API. */
export function AlertsView() {
  const { groups, error } = useRules()
  if (groups === null || groups.length === 0) {
    return (
      <main className="plain-main">{(groups !== null || error !== null) && <NoRules error={error} />}</main>
    )
  }
  const rules = groups.flatMap((group) => group.rules)
  const count = (state: Rule['state']) => rules.filter((rule) => rule.state === state).length
  return (
    <main className="plain-main alerts">
      <p className="alerts-summary num">
        <b>{rules.length === 1 ? '1 rule' : `${rules.length} rules`}</b>, {count('firing')} firing,{' '}
        {count('pending')} pending
      </p>
      {error !== null && (
        <p className="alerts-stale" role="alert">
          {error.message} What you see is how it was before; asking again.
        </p>
      )}
      {groups.map((group) => (
        <section key={`${group.file}/${group.name}`} className="alert-group">
          <h2>
            <PlainText text={group.name} />
            <span className="muted">
              <PlainText text={group.file} />, every {inWords(group.interval * 1000)}
            </span>
          </h2>
          {group.rules.map((rule) => (
            <RuleItem key={`${rule.type} ${rule.name} ${rule.query}`} rule={rule} />
          ))}
        </section>
      ))}
    </main>
  )
}

function useRules(): RulesState {
  const [state, setState] = useState<RulesState>({ groups: null, error: null })
  useEffect(() => {
    const control = new AbortController()
    const ask = () => {
      if (document.hidden) return
      listRules(control.signal).then(
        (groups) => setState({ groups, error: null }),
        (error) => {
          if (control.signal.aborted) return
          const status = error instanceof LokiError ? error.status : 0
          setState((old) => ({ ...old, error: { status, message: messageOf(error) } }))
        },
      )
    }
    ask()
    const timer = setInterval(ask, POLL_MS)
    return () => {
      clearInterval(timer)
      control.abort()
    }
  }, [])
  return state
}

function RuleItem({ rule }: { readonly rule: Rule }) {
  const alerts = rule.alerts ?? []
  const state = rule.health === 'err' ? 'failing' : (rule.state ?? 'recording')
  return (
    <article className="rule" data-state={state}>
      <div className="rule-head">
        <span className="rule-state">{state}</span>
        <h3>
          <PlainText text={rule.name} />
        </h3>
        {rule.duration !== undefined && rule.duration > 0 && (
          <span className="muted">for {inWords(rule.duration * 1000)}</span>
        )}
      </div>
      <pre className="statements" dir="ltr">
        <PlainText text={rule.query.slice(0, 4_000)} />
      </pre>
      {rule.health === 'err' && (
        <p className="rule-error">
          The last evaluation failed: <PlainText text={(rule.lastError ?? '').slice(0, 2_000)} />
        </p>
      )}
      {alerts.length > 0 && (
        <ul className="rule-alerts">
          {alerts.map(({ labels, annotations, state: own, activeAt, value }) => (
            <li key={JSON.stringify(labels)}>
              <span className="rule-state" data-state={own}>
                {own}
              </span>
              <span>
                <PlainText text={annotations.summary ?? annotations.description ?? labelsText(labels)} />
                <span className="hint">
                  <PlainText text={labelsText(labels)} /> · value {Number(value).toLocaleString('en-US')} ·
                  since {new Date(activeAt).toLocaleString('sv-SE')}
                </span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </article>
  )
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value.slice(0, 200)}`)
    .join(' ')
}

/** Says why there are no rules, and how to have some. */
function NoRules({ error }: Pick<RulesState, 'error'>) {
  if (error === null || error.status === 404) {
    return (
      <div className="empty">
        <h2>No alert rules</h2>
        <p>
          Rules in the format of Prometheus watch the logs and alert when something holds. Put them into a
          file of the folder that <code>ruler.storage.local.directory</code> of loki.yaml names, or post a
          group to <code>/loki/api/v1/rules/&lt;namespace&gt;</code>.
        </p>
        <pre>{`groups:
  - name: shop
    rules:
      - alert: TooManyErrors
        expr: sum(count_over_time({service=~".+"} |= "error" [5m])) > 10
        for: 1m`}</pre>
      </div>
    )
  }
  return (
    <div className="empty" role="alert">
      <h2>The rules cannot be listed</h2>
      <p>{error.message}</p>
    </div>
  )
}
