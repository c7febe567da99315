/** In the place of axios in what is deployed: vendors' clients are given our transport and never get to use it. */
function refuse(): never {
  throw new Error("A vendor's client tried to make a request of its own. Give it a transport.")
}

export default Object.assign(refuse, { create: refuse, request: refuse })
