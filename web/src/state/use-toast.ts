import { useCallback, useEffect, useState } from 'react'

const SHOWN_MS = 4_000

/** A short message that goes away by itself. */
export function useToast(): [message: string, say: (message: string) => void] {
  const [message, setMessage] = useState('')
  useEffect(() => {
    if (message === '') return
    const timer = setTimeout(() => setMessage(''), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [message])
  return [message, useCallback((next: string) => setMessage(next), [])]
}
