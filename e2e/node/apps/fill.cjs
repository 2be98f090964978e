// The same through CommonJS.
const { createClient } = require("../../../packages/sdk/dist/node/index.cjs");

const { host, writeKey, count, prefix } = JSON.parse(process.argv[2]);
const client = createClient({ writeKey, host });
for (let i = 0; i < count; i++)
	client.track({ userId: `${prefix}-${i % 7}`, event: "Filled", messageId: `${prefix}-${i}` });
client.close().then(({ pending }) => console.log(`pending ${pending}`));
