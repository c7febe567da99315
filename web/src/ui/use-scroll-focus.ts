import { type RefObject, useLayoutEffect } from "react"

/** Lets the keyboard scroll what does not fit, though nothing in it may take the focus. */
export function useScrollFocus(element: RefObject<HTMLElement | null>): void {
  // After each rendering, since what is in it may have grown.
  useLayoutEffect(() => {
    const scroller = element.current
    if (!scroller) return
    const update = () => {
      if (scroller.scrollHeight > scroller.clientHeight) scroller.tabIndex = 0
      else scroller.removeAttribute("tabindex")
    }
    update()
    const observer = new ResizeObserver(update)
    observer.observe(scroller)
    return () => observer.disconnect()
  })
}
