/** What tests of other rooms take from here. Reached as `@selfsame/store/testing`, from sources only. */
export { disownDevices } from "./disownDevices.ts";
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
