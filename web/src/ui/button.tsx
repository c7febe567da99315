import type { ButtonHTMLAttributes, MouseEvent, ReactNode } from "react"
import { Icon, type IconName } from "./icon.tsx"

interface Pressable extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "children"> {
  /** Shows that its work is under way; pressing it again does nothing. */
  busy?: boolean
}

interface ButtonProps extends Pressable {
  kind?: "primary" | "secondary" | "quiet" | "danger"
  icon?: IconName
  children: ReactNode
}

export function Button({ kind = "secondary", icon, children, ...rest }: ButtonProps) {
  return (
    <button type="button" {...pressable(rest)} className={`button ${kind}`}>
      {icon && <Icon name={icon} />}
      <span>{children}</span>
    </button>
  )
}

interface IconButtonProps extends Pressable {
  icon: IconName
  /** What it does, and to what. */
  label: string
}

export function IconButton({ icon, label, className = "", ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      {...pressable(rest)}
      className={`icon-button ${className}`}
      aria-label={label}
      title={label}
    >
      <Icon name={icon} />
    </button>
  )
}

/** What is busy or disabled says so and does nothing, but keeps the focus: nobody who presses it loses their place. */
function pressable({ busy = false, disabled = false, onClick, ...rest }: Pressable) {
  const idle = !busy && !disabled
  return {
    ...rest,
    "aria-disabled": idle ? undefined : true,
    "data-busy": busy || undefined,
    onClick: idle ? onClick : (event: MouseEvent) => event.preventDefault(),
  }
}
