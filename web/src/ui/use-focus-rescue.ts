import { useEffect } from "react"

/**
 * Whoever presses what is gone then, such as a bar of a chart that is narrowed down to it, would be left at the beginning of
 * the document. They go to the heading of the dialog, or of the page, instead.
 */
export function useFocusRescue(): void {
  useEffect(() => {
    let last: EventTarget | null = null
    const remember = ({ target }: FocusEvent) => {
      last = target
    }
    const observer = new MutationObserver(() => {
      if (!(last instanceof Element) || last.isConnected || document.activeElement !== document.body) return
      const dialog = [...document.querySelectorAll("dialog[open]")].at(-1)
      const heading = dialog?.querySelector<HTMLElement>("h2") ?? document.querySelector<HTMLElement>("h1")
      heading?.focus()
    })
    document.addEventListener("focusin", remember)
    observer.observe(document.body, { childList: true, subtree: true })
    return () => {
      document.removeEventListener("focusin", remember)
      observer.disconnect()
    }
  }, [])
}
