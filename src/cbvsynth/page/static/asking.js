// Requests to the page's own host, and what is said to the visitor.
export const $ = (id) => document.getElementById(id);

export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      ...options,
      headers: { "X-Cbvsynth": "page", ...(options.headers ?? {}) },
      body: options.json === undefined ? options.body : JSON.stringify(options.json),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The page does not answer; nothing is lost. It is asked again.");
  }
  if (answer.status === 401) location.reload();
  if (!answer.ok) {
    const content = await answer.json().catch(() => ({}));
    throw new Error(content.error ?? `The page answered with ${answer.status}.`);
  }
  return answer;
}

export function problem(text) {
  if ($("problem").textContent !== text) $("problem").textContent = text;
}

export function say(text) {
  if ($("said").textContent !== text) $("said").textContent = text;
}

// What goes wrong in an action is said in words, whatever it is.
export const guarded =
  (action) =>
  async (...given) => {
    try {
      problem("");
      await action(...given);
    } catch (error) {
      if (error.name !== "AbortError") problem(error.message);
    }
  };

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key in made && key !== "list") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}
