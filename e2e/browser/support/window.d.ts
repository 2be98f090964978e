/** As much of the client as the journeys use: types are checked without a build. */
interface PageClient {
	track(event: string, properties?: object, options?: object, callback?: () => void): Promise<PageDelivery>;
	identify(userId: string, traits?: object): Promise<PageDelivery>;
	page(...args: unknown[]): Promise<PageDelivery>;
	screen(name: string): Promise<PageDelivery>;
	group(groupId: string, traits?: object): Promise<PageDelivery>;
	alias(userId: string): Promise<PageDelivery>;
	reset(): void;
	flush(): Promise<void>;
	getAnonymousId(): string;
	setAnonymousId(id: string): string;
	setConsent(consent: string, categories?: Record<string, boolean>): void;
	use(...plugins: PagePlugin[]): PageClient;
}

interface PageDelivery {
	status: "delivered" | "queued" | "dropped";
	reason?: string;
	messageId: string;
}

interface PagePlugin {
	name: string;
	before?(event: PageEvent): unknown;
	after?(event: PageEvent, delivery: PageDelivery): void;
}

interface PageEvent {
	event?: string;
	context: Record<string, unknown>;
}

interface Window {
	selfsame: PageClient;
	/** The module, on pages of a test that import it. */
	sdk: { createClient(options: object): PageClient };
}
