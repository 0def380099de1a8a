import { type CSSProperties, memo } from 'react'
import { type AnsiStyle, parseAnsi } from '../rows/ansi.ts'
import { segmentText } from '../rows/segments.ts'
import './log-text.css'

interface LogTextProps {
  readonly text: string
  /** Words to mark. */
  readonly needles?: readonly string[]
}

const NO_NEEDLES: readonly string[] = []

/** Log text as text: colours of escape sequences, marked words, safe links, visible control characters. */
export const LogText = memo(function LogText({ text, needles = NO_NEEDLES }: LogTextProps) {
  return parseAnsi(text).map((span, i) =>
    span.style === null ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one text have no other identity
      <Segments key={i} text={span.text} needles={needles} />
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: as above
      <span key={i} className={ansiClass(span.style)} style={ansiColors(span.style)}>
        <Segments text={span.text} needles={needles} />
      </span>
    ),
  )
})

/** Short text of unknown origin in a label: control characters visible, no links, no colours. */
export function PlainText({ text }: { readonly text: string }) {
  return (
    <bdi>
      {segmentText(text, NO_NEEDLES)
        .map((segment) => segment.text)
        .join('')}
    </bdi>
  )
}

function Segments({ text, needles }: { readonly text: string; readonly needles: readonly string[] }) {
  return segmentText(text, needles).map((segment, i) => {
    // biome-ignore-start lint/suspicious/noArrayIndexKey: pieces of one text have no other identity
    if (segment.kind === 'mark') return <mark key={i}>{segment.text}</mark>
    if (segment.kind === 'link') {
      return (
        <a key={i} href={segment.detail} target="_blank" rel="noopener noreferrer" tabIndex={-1}>
          {segment.text}
        </a>
      )
    }
    if (segment.kind === 'control') {
      return (
        <span key={i} className="control" title={segment.detail}>
          {segment.text}
        </span>
      )
    }
    return segment.text
    // biome-ignore-end lint/suspicious/noArrayIndexKey: end
  })
}

function ansiClass(style: AnsiStyle): string {
  const [fg, bg] = style.inverse ? [style.bg, style.fg] : [style.fg, style.bg]
  const names = ['ansi']
  if (typeof fg === 'number') names.push(`ansi-fg-${fg}`)
  if (typeof bg === 'number') names.push(`ansi-bg-${bg}`)
  for (const name of ['bold', 'dim', 'italic', 'underline', 'strike', 'inverse'] as const) {
    if (style[name]) names.push(`ansi-${name}`)
  }
  return names.join(' ')
}

function ansiColors(style: AnsiStyle): CSSProperties {
  const [fg, bg] = style.inverse ? [style.bg, style.fg] : [style.fg, style.bg]
  return {
    ...(typeof fg === 'string' ? { color: fg } : {}),
    ...(typeof bg === 'string' ? { backgroundColor: bg } : {}),
  }
}
