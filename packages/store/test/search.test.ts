import { databaseOfRun } from "./databaseOfRun.ts";
import { describeSearch } from "./search/describeSearch.ts";

describeSearch(databaseOfRun);
