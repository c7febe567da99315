import type { ButtonHTMLAttributes, ReactNode } from "react"
import { Icon, type IconName } from "./icon.tsx"

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: "primary" | "secondary" | "quiet" | "danger"
  icon?: IconName
  /** Shows that its work is under way; pressing it again does nothing. It keeps the focus. */
  busy?: boolean
  children: ReactNode
}

export function Button({ kind = "secondary", icon, busy = false, children, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={`button ${kind}`}
      aria-disabled={busy || undefined}
      data-busy={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    >
      {icon && <Icon name={icon} />}
      <span>{children}</span>
    </button>
  )
}

interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "children"> {
  icon: IconName
  /** What it does, and to what. */
  label: string
  busy?: boolean
}

export function IconButton({ icon, label, busy = false, onClick, className = "", ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={`icon-button ${className}`}
      aria-label={label}
      title={label}
      aria-disabled={busy || undefined}
      data-busy={busy || undefined}
      onClick={busy ? undefined : onClick}
    >
      <Icon name={icon} />
    </button>
  )
}
