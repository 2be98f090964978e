import { playConfigs } from "./playConfigs.ts";

playConfigs("even");
