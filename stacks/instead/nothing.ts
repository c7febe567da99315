/** In the place of what is never used in what is deployed. */
export {}
