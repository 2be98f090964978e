import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server, Socket } from "node:net";

/**
 * Connections that the server keeps at once. One more closes the oldest of those that have not sent a complete request with
 * a valid key: a stranger's cost the same as a customer's, and are not worth as much.
 */
const MOST = 2_048;
/** Requests that may wait on one connection for the answers before theirs: clients that do not pipeline have none. */
const MOST_WAITING = 32;
/** Those that may wait on all connections together: some 5 KB each. */
const MOST_WAITING_IN_ALL = 4_096;
/** ms that an answer may stay unread before its connection is closed. */
const UNREAD = 20_000;
const SWEEP_EVERY = 5_000;

interface State {
	/** Has sent a complete request with a valid key. */
	isKnown: boolean;
	/** The answer under way, and the requests that wait for its end. */
	current: ServerResponse | null;
	waiting: (() => void)[];
	/** Bytes that the other side has taken, and when that was last seen to grow, ms by a clock that nobody sets. */
	taken: number;
	takenAt: number;
}

const { stackTraceLimit } = Error;

const stateKey = Symbol("state of the connection");
type Known = Socket & { [stateKey]?: State };

/** Notes that a complete request with a valid key came over this connection, which is then the last to be closed. */
export function vouchFor(socket: Socket | undefined): void {
	const state = (socket as Known | undefined)?.[stateKey];
	if (state) state.isKnown = true;
}

/**
 * Ends a connection in the middle of what has arrived. The parser is stopped as well: it would go through all of a read of
 * 64 KB, which is thousands of requests or pieces, whatever becomes of the connection.
 */
export function cutOff(socket: Socket): void {
	(socket as Socket & { parser?: { pause?(): void } }).parser?.pause?.();
	// Node makes an error for each request that waits, and its stack takes ten times as long as the rest.
	socket.prependOnceListener("close", () => {
		Error.stackTraceLimit = 0;
	});
	socket.once("close", () => {
		Error.stackTraceLimit = stackTraceLimit;
	});
	socket.destroy();
}

/** Watches over the connections of a server: how many there are, what they have not read, who is served next. */
export function watchConnections(server: Server, { most = MOST }: { most?: number } = {}) {
	/** In the order they came; those known are moved out when they are met. */
	const strangers = new Set<Known>();
	const known = new Set<Known>();

	function onConnection(socket: Known): void {
		if (strangers.size + known.size >= most) close(findDispensable());
		socket[stateKey] = { isKnown: false, current: null, waiting: [], taken: 0, takenAt: performance.now() };
		strangers.add(socket);
		socket.once("close", () => {
			strangers.delete(socket);
			known.delete(socket);
			waitingInAll -= socket[stateKey]?.waiting.splice(0).length ?? 0;
		});
	}

	/** The oldest stranger; where there is none, the oldest that waits for nothing, else the oldest. */
	function findDispensable(): Known | undefined {
		for (const socket of strangers) {
			if (!socket[stateKey]?.isKnown) return socket;
			strangers.delete(socket);
			known.add(socket);
		}
		const [oldest] = known;
		for (const socket of known) if (isIdle(socket)) return socket;
		return oldest;
	}

	function close(socket: Known | undefined): void {
		if (!socket) return;
		strangers.delete(socket);
		known.delete(socket);
		socket.destroy();
	}

	function sweep(): void {
		const now = performance.now();
		for (const sockets of [strangers, known]) {
			for (const socket of sockets) {
				const state = socket[stateKey] as State;
				const taken = socket.bytesWritten - socket.writableLength;
				if (socket.writableLength === 0 || taken > state.taken) {
					state.taken = taken;
					state.takenAt = now;
				} else if (now - state.takenAt > UNREAD) socket.destroy();
			}
		}
	}

	server.on("connection", onConnection);
	const sweeping = setInterval(sweep, SWEEP_EVERY).unref();
	server.once("close", () => clearInterval(sweeping));
}

let waitingInAll = 0;

/**
 * Serves the requests of one connection one after the other: Node hands over all that have arrived, some thousand in one
 * piece, and their answers would all be made before the first is read.
 */
export function serveInTurn(request: IncomingMessage, response: ServerResponse, serve: () => void): void {
	const state = (request.socket as Known)[stateKey];
	const current = state?.current;
	if (!state || !current || isOver(current)) {
		if (state) state.current = response;
		serve();
		return;
	}
	if (state.waiting.length >= MOST_WAITING || waitingInAll >= MOST_WAITING_IN_ALL) {
		if (!request.socket.destroyed) cutOff(request.socket);
		return;
	}
	waitingInAll++;
	state.waiting.push(() => {
		state.current = response;
		serve();
	});
	if (state.waiting.length === 1) serveNextAfter(current, state);
}

const isOver = (answer: ServerResponse): boolean => answer.closed || answer.writableFinished;

function isIdle(socket: Known): boolean {
	const current = socket[stateKey]?.current;
	return !current || isOver(current);
}

function serveNextAfter(current: ServerResponse, state: State): void {
	current.once("close", () => {
		const next = state.waiting.shift();
		if (!next) return;
		waitingInAll--;
		next();
		if (state.waiting.length > 0 && state.current) serveNextAfter(state.current, state);
	});
}
