/** What tests of other rooms take from here. Reached as `@selfsame/store/testing`, from sources only. */
export { databaseOfRun } from "./databaseOfRun.ts";
export { disownDevices } from "./disownDevices.ts";
export { makeDatabase, type TestDatabase } from "./makeDatabase.ts";
export { makeSchema, type TestSchema } from "./postgres/makeSchema.ts";
export { createRandom } from "./random.ts";
export {
	arrivalOrders,
	expectedOutcome,
	isOperation,
	type Outcome,
	type Scenario,
	sorted,
} from "./scenarios.ts";
export { identifiersNamed, scenariosByConfig, withPrefix } from "./shareScenario.ts";
