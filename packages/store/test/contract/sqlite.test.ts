import { defaultIdentityConfig } from "@selfsame/identity";
import { openTempStore } from "../tempStore.ts";
import { describeStore } from "./storeContract.ts";

const identifiers = { ...defaultIdentityConfig.identifiers, email: { priority: 2, limit: 5 } };

describeStore("SQLite", () => openTempStore({ ...defaultIdentityConfig, identifiers }, "sqlite"));
