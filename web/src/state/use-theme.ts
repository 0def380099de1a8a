import { useEffect, useState } from 'react'

/** What the person chose: a theme, or whatever the system says. */
export type ThemeChoice = 'system' | 'dark' | 'light'

const KEY = 'logboom.theme'

function stored(): ThemeChoice {
  try {
    const text = localStorage.getItem(KEY)
    return text === 'dark' || text === 'light' ? text : 'system'
  } catch {
    return 'system'
  }
}

/** The theme in use, the choice behind it, and a way to choose. Sets `data-theme` on the document. */
export function useTheme(): [
  theme: 'dark' | 'light',
  choose: (choice: ThemeChoice) => void,
  choice: ThemeChoice,
] {
  const [choice, setChoice] = useState(stored)
  const [systemDark, setSystemDark] = useState(() => matchMedia('(prefers-color-scheme: dark)').matches)
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)')
    const onChange = () => setSystemDark(query.matches)
    query.addEventListener('change', onChange)
    return () => query.removeEventListener('change', onChange)
  }, [])
  const theme = choice === 'system' ? (systemDark ? 'dark' : 'light') : choice
  // Before children render: charts read their colours from the document.
  document.documentElement.dataset.theme = theme
  const choose = (next: ThemeChoice) => {
    try {
      localStorage.setItem(KEY, next)
    } catch {
      // Without storage the choice holds for this visit.
    }
    setChoice(next)
  }
  return [theme, choose, choice]
}
