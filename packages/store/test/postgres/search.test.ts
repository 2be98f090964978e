import { describeSearch } from "../search/describeSearch.ts";

describeSearch("postgres");
