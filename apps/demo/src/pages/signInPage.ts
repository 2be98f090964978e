import { html } from "hono/html";
import { type Customer, demoPeople } from "../customers.ts";
import type { PageContent } from "./layout.ts";

export interface SignInForm {
	/** Where to go afterwards: the cart, or home. */
	next: "cart" | "home";
	/** What was typed into a form that could not be accepted. */
	refused?: { name: string; email: string };
}

export function signInPage(base: string, { next, refused }: SignInForm): PageContent {
	const [robin] = demoPeople;
	return {
		name: "Sign in",
		body: html`
<section class="narrow">
	<h1>Sign in</h1>
	<p class="lead">No password: everyone here is invented. What you browsed so far will join whoever you say you are.</p>
	${refused ? html`<p class="error" role="alert" id="sign-in-error">Please give a name, and an email such as ${robin.email}.</p>` : ""}
	<form method="post" action="${base}/sign-in" class="sign-in">
		<input type="hidden" name="next" value="${next}">
		<label>Name <input name="name" autocomplete="name" required maxlength="80" value="${refused?.name ?? robin.name}"></label>
		<label>Email <input name="email" type="email" autocomplete="email" required maxlength="200" value="${refused?.email ?? robin.email}"></label>
		<button class="button wide">Sign in</button>
	</form>
	<p class="or"><span>or be one of these</span></p>
	<div class="people">${demoPeople.map((person) => personButton(base, person, next))}</div>
</section>`,
	};
}

function personButton(base: string, person: Customer, next: string) {
	return html`<form method="post" action="${base}/sign-in">
<input type="hidden" name="next" value="${next}"><input type="hidden" name="name" value="${person.name}"><input type="hidden" name="email" value="${person.email}">
<button class="person"><span aria-hidden="true">${person.name[0]}</span>Continue as ${person.name}</button></form>`;
}
