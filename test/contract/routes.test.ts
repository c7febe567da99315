import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { basePath } from "../../core/contract/operation.ts"
import { operations } from "../../core/contract/operations/index.ts"
import { fillPath, matchRoute, routes, served } from "../../core/contract/routes.ts"

const id = fc.stringMatching(/^[A-Za-z0-9]{21}$/)

describe("the route table", () => {
  test("leads from every route back to its operation, with and without a trailing slash", () => {
    fc.assert(
      fc.property(fc.constantFrom(...routes), id, (route, id) => {
        const given = { id, platformId: "acme" }
        const path = basePath + fillPath(route.path, given)
        const params = Object.fromEntries(
          Object.entries(given).filter(([name]) => route.path.includes(`{${name}}`)),
        )
        const expected = { operation: route.operation, params }

        expect(matchRoute(route.method, path)).toEqual(expected)
        expect(matchRoute(route.method, `${path}/`)).toEqual(expected)
      }),
    )
  })

  test("decodes parameters, whatever they are", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: "grapheme" }), (text) => {
        fc.pre(!["cache", "test", "resolve", "validate", "providers", "openapi.json", "audit"].includes(text))
        const path = basePath + fillPath("/{id}", { id: text })

        expect(matchRoute("GET", path)).toEqual({ operation: "getConnection", params: { id: text } })
      }),
    )
  })

  test("never throws, whatever is asked for", () => {
    fc.assert(
      fc.property(fc.string(), (path) => {
        matchRoute("GET", path)
        matchRoute("GET", `${basePath}/${path}`)
      }),
    )
  })

  test.each([
    ["POST", "/test", "testUnsaved"],
    ["DELETE", "/cache", "clearCache"],
    ["GET", "/providers", "listProviders"],
    ["GET", "/openapi.json", "document"],
    ["POST", "/resolve", "resolve"],
    ["POST", "/validate", "validate"],
    ["POST", "/abc", "updateConnection"],
    ["PATCH", "/abc", "updateConnection"],
  ])("takes %s %s for %s", (method, path, operation) => {
    expect(matchRoute(method, basePath + path)?.operation).toBe(operation)
  })

  test.each([
    ["GET", "/cache"],
    ["PATCH", "/test"],
    ["DELETE", "/providers"],
    ["PUT", "/abc"],
    ["GET", "//"],
    ["GET", "/a/b/c"],
    ["GET", "/%"],
    ["GET", "/%zz"],
    ["get", ""],
    ["GET", "x"],
  ])("knows no %s %s", (method, path) => {
    expect(matchRoute(method, basePath + path)).toBeUndefined()
  })

  test("knows nothing outside the base path", () => {
    for (const path of ["", "/", "/api/v1", "/api/v1/secret-managersx", "/providers"])
      expect(matchRoute("GET", path), path).toBeUndefined()
  })

  test("is what the operations say of themselves", () => {
    for (const [name, operation] of Object.entries(operations)) expect(operation.id).toBe(name)
    for (const [name, entry] of Object.entries(served))
      expect(operations).toHaveProperty(name, expect.objectContaining(entry))
    expect(Object.keys(operations)).toEqual(Object.keys(served))
  })
})
