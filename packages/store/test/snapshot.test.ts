import { databaseOfRun } from "./databaseOfRun.ts";
import { describeSnapshot } from "./describeSnapshot.ts";

describeSnapshot(databaseOfRun, 8);
