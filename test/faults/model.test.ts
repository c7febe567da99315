import { afterAll, beforeAll, test } from "vitest"
import { type Deployment, deploy } from "../support/model/deployed-world.ts"
import { holdsIn } from "../support/model/stories.ts"

/** What test/secrets/model.test.ts tells of the core, here of the functions and all that they talk to: fewer stories. */
let deployment: Deployment

beforeAll(async () => {
  deployment = await deploy()
})

afterAll(() => deployment.close())

test("functions over one DynamoDB and one Redis keep every promise about what may be answered, whatever happens meanwhile", async () => {
  await holdsIn(deployment.world, { numRuns: 20, enoughMs: 15_000, endOnFailure: true })
}, 90_000)
