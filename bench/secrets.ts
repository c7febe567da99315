/** The secrets of the bench, by number: each is a document of its own, of 200 bytes as the budgets have it. */
export const documentOf = (number: number) => `secret/data/app/${number}`
export const pathOf = (number: number) => `${documentOf(number)}/password`
export const secretOf = (number: number) => `s3cret ${number} `.padEnd(200, "x")
