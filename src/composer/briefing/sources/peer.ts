import { AstrocyteError } from "../../../core/errors.ts";

/** Loads an optional package when it is first needed. Errors: `dependency_missing`, naming what to install. */
export async function loadPeer<T>(specifier: string, area: string): Promise<T> {
  try {
    const module = (await import(specifier)) as T & { default?: T };
    return module.default ?? module;
  } catch (cause) {
    const name = specifier.split("/")[0];
    throw new AstrocyteError(
      "dependency_missing",
      `[${area}] the package ${name} is not installed. Run: npm install ${name}.`,
      { cause },
    );
  }
}
