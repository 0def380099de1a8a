import { useEffect, useRef, useState } from 'react'
import type uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

/** The inner width of an element, px; 0 until it is laid out. */
export function useWidth(): [ref: React.RefObject<HTMLDivElement | null>, width: number] {
  const ref = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useEffect(() => {
    if (ref.current === null) return
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)))
    observer.observe(ref.current)
    return () => observer.disconnect()
  }, [])
  return [ref, width]
}

/** Draws a chart into an element and takes it away again; drawn anew whenever an input changes. */
export function usePlot(
  host: React.RefObject<HTMLDivElement | null>,
  make: (() => { options: uPlot.Options; data: uPlot.AlignedData }) | null,
  inputs: readonly unknown[],
): void {
  useEffect(() => {
    if (make === null || host.current === null) return
    let plot: uPlot | null = null
    let gone = false
    const target = host.current
    void import('uplot').then(({ default: Plot }) => {
      if (gone) return
      const { options, data } = make()
      plot = new Plot(options, data, target)
    })
    return () => {
      gone = true
      plot?.destroy()
    }
    // biome-ignore lint/correctness/useExhaustiveDependencies: the caller lists what the chart depends on
  }, inputs)
}

/** The value of a custom property of the theme. */
export function themeColor(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}
