import { playConfigs } from "./playConfigs.ts";

playConfigs("odd");
