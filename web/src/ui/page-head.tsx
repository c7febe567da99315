import type { ReactNode } from "react"

interface PageHeadProps {
  title: string
  lead: string
  /** What can be done with the page as a whole: buttons. */
  children?: ReactNode
}

/** What a page is and is for. The heading takes the focus as the page is shown. */
export function PageHead({ title, lead, children }: PageHeadProps) {
  return (
    <div className="page-head">
      <div>
        <h1 tabIndex={-1}>{title}</h1>
        <p className="muted">{lead}</p>
      </div>
      {children && <div className="page-actions">{children}</div>}
    </div>
  )
}
