import { describeSearch } from "../search/describeSearch.ts";
import { describeSearchProperty } from "../search/describeSearchProperty.ts";

// All of them run on PostgreSQL when DATABASE_URL names one.
describeSearch("postgres", 9);
describeSearchProperty("postgres", 1);
