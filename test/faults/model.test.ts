import { afterAll, beforeAll, test } from "vitest"
import { type Deployment, deploy } from "../support/model/deployed-world.ts"
import { holdsIn } from "../support/model/stories.ts"

/** As test/secrets/model.test.ts, with fewer stories, of the functions themselves and all that they talk to. */
let deployment: Deployment

beforeAll(async () => {
  deployment = await deploy()
})

// Where the test has failed, questions may be under way.
afterAll(() => deployment.close(), 30_000)

test("functions over one DynamoDB and one Redis keep every promise about what may be answered, whatever happens meanwhile", async () => {
  await holdsIn(deployment.world, { numRuns: 20, enoughMs: 15_000, endOnFailure: true })
}, 90_000)
