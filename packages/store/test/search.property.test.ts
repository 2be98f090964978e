import { databaseOfRun } from "./databaseOfRun.ts";
import { describeSearchProperty } from "./search/describeSearchProperty.ts";

describeSearchProperty(databaseOfRun, 15);
