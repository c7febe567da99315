import { type ReactNode, useId, useLayoutEffect, useRef } from "react"
import { strings } from "../strings.ts"
import { IconButton } from "./button.tsx"
import { useScrollFocus } from "./use-scroll-focus.ts"

interface DialogProps {
  title: ReactNode
  size?: "small" | "medium" | "large"
  /** Escape, the cross: whoever shows the dialog takes it away, or asks first. */
  onClose(): void
  children: ReactNode
  /** Buttons, always in sight. */
  footer?: ReactNode
}

/**
 * A modal dialog, by the browser's own: focus stays inside, all else is inert, Escape closes, and the focus goes back to
 * where it was. It begins at what has `data-autofocus`, else at the title.
 */
export function Dialog({ title, size = "medium", onClose, children, footer }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null)
  const body = useRef<HTMLDivElement>(null)
  const titleId = useId()
  useScrollFocus(body)

  useLayoutEffect(() => {
    const dialog = element.current
    if (!dialog) return
    dialog.showModal()
    const first =
      dialog.querySelector<HTMLElement>("[data-autofocus]") ?? dialog.querySelector<HTMLElement>("h2")
    first?.focus()
    return () => dialog.close()
  }, [])

  return (
    <dialog
      ref={element}
      className={`dialog ${size}-dialog`}
      aria-labelledby={titleId}
      onCancel={(event) => {
        if (event.target !== element.current) return
        event.preventDefault()
        onClose()
      }}
    >
      <header className="dialog-head">
        <h2 id={titleId} tabIndex={-1}>
          {title}
        </h2>
        <IconButton icon="close" label={strings.common.close} onClick={onClose} />
      </header>
      <div className="dialog-body" ref={body}>
        {children}
      </div>
      {footer && <footer className="dialog-foot">{footer}</footer>}
    </dialog>
  )
}
