import { Dialog } from './dialog.tsx'

const SHORTCUTS: readonly (readonly [string, string])[] = [
  ['/', 'write a query'],
  ['Enter, ⌘⏎ or Ctrl+⏎', 'run it'],
  ['Shift+⏎', 'new line in the query'],
  ['Ctrl+Space', 'complete'],
  ['j k', 'next and previous line'],
  ['x', 'open or close a line'],
  ['e E', 'next and previous error'],
  ['c', 'lines before and after'],
  ['f', 'find a field'],
  ['g', 'time range'],
  ['w', 'wrap long lines'],
  ['l', 'live'],
  ['r', 'run again'],
  ['Home', 'back to the top'],
  ['Esc', 'leave a field, close a panel'],
  ['?', 'this sheet'],
]

/** Every shortcut on one sheet. */
export function ShortcutsDialog({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl className="shortcuts">
        {SHORTCUTS.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              {keys.split(/( or |, | )/).map((part, i) =>
                // biome-ignore lint/suspicious/noArrayIndexKey: a fixed text
                /^( or |, | )$/.test(part) ? <span key={i}>{part}</span> : <kbd key={i}>{part}</kbd>,
              )}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
