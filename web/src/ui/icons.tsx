const PATHS = {
  play: 'M5 3.5v9l7.5-4.5z',
  clock: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM8 4.6V8l2.4 1.6',
  link: 'M7 9a2.6 2.6 0 0 0 3.7 0l2-2A2.6 2.6 0 0 0 9 3.3M9 7a2.6 2.6 0 0 0-3.7 0l-2 2A2.6 2.6 0 0 0 7 12.7',
  moon: 'M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8z',
  sun: 'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1.5V3M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1',
  help: 'M5.8 6.1a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.5M8 12.1v.1',
  chevronDown: 'M4 6.2 8 10l4-3.8',
  chevronRight: 'M6.2 4 10 8l-3.8 4',
  plus: 'M8 3.5v9M3.5 8h9',
  minus: 'M3.5 8h9',
  copy: 'M6 5.5h6.5v8H6zM3.5 10.5v-8H10',
  columns: 'M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10',
  search: 'M7 2.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4zM10.2 10.2l3.3 3.3',
  history: 'M3 8a5 5 0 1 0 1.6-3.7M3 2.6v2.6h2.6M8 5.2V8l2 1.4',
  download: 'M8 2.5v7.2M4.9 6.9 8 9.9l3.1-3M3 13.2h10',
  wrap: 'M2.5 4h11M2.5 8h8.6a2.1 2.1 0 0 1 0 4.3H8.6M2.5 12.3h3.2M10 10.6l-1.8 1.7L10 14',
  sidebar: 'M2.5 3h11v10h-11zM6.3 3v10',
  close: 'm4 4 8 8M12 4l-8 8',
  pin: 'M6 2.5h4M6.6 2.5v4L4.8 9h6.4L9.4 6.5v-4M8 9v4.5',
  context: 'M2.5 3.5h11M2.5 6.5h6M2.5 9.5h6M2.5 12.5h11M11 6.5h2.5v3H11z',
  everywhere: 'M2.5 4.5h5M2.5 8h7M2.5 11.5h4M11.5 6l2 2-2 2',
  newest: 'M5 3v9.5M2.5 10 5 12.7 7.5 10M9.5 4h4M9.5 8h3M9.5 12h2',
  oldest: 'M5 13V3.5M2.5 6 5 3.3 7.5 6M9.5 4h2M9.5 8h3M9.5 12h4',
  zoomOut: 'M7 2.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4zM10.2 10.2l3.3 3.3M5 7h4',
  left: 'M10 4 6 8l4 4',
  right: 'm6 4 4 4-4 4',
  refresh: 'M13 8a5 5 0 1 1-1.6-3.7M13 2.6v2.6h-2.6',
} as const

/** The name of a drawn icon. */
export type IconName = keyof typeof PATHS

/**
 * An icon of 16×16, drawn with strokes in the colour of the text. It is decoration: name the control
 * around it.
 */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" data-filled={name === 'play' || undefined}>
      <path d={PATHS[name]} />
    </svg>
  )
}
