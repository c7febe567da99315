/** What keeps a cell's place: a bar, a logo beside two of them, or nothing. */
type Cell = "bar" | "bar wide" | "bar short" | "logo" | "none"

interface SkeletonRowsProps {
  count: number
  /** By the names of the columns, in their order. */
  cells: Readonly<Record<string, Cell>>
}

/** As high as the rows of a table that are still loading: nothing moves when these come. */
export function SkeletonRows({ count, cells }: SkeletonRowsProps) {
  return [...Array(count).keys()].map((row) => (
    <tr className="skeleton" key={row}>
      {Object.entries(cells).map(([column, cell]) => (
        <SkeletonCell key={column} cell={cell} />
      ))}
    </tr>
  ))
}

function SkeletonCell({ cell }: { cell: Cell }) {
  if (cell === "none") return <td />
  if (cell === "logo") {
    return (
      <td className="name-cell">
        <span className="logo" />
        <span className="name-lines">
          <span className="bar wide" />
          <span className="bar" />
        </span>
      </td>
    )
  }
  return (
    <td>
      <span className={cell} />
    </td>
  )
}
