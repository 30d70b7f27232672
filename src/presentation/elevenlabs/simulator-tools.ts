import type { CompletionToolCall } from "../brain-call.ts";
import { asRow } from "../read.ts";
import { endTalk } from "./simulator-end.ts";
import { attachedTools } from "./simulator-llm.ts";
import { partsOf, type Row, type SimConversation, type World } from "./simulator-world.ts";

export type ToolOutcome = { result: string; isError: boolean };

/** Runs one tool that the model called: by the page, over HTTP, or here. `undefined` when it ended the call. */
export async function runTool(
  world: World,
  conversation: SimConversation,
  call: CompletionToolCall,
): Promise<ToolOutcome | undefined> {
  const system = asRow(partsOf(conversation.agent).prompt["built_in_tools"]);
  if (call.name in system) return runSystemTool(world, conversation, call);
  const tool = attachedTools(world, conversation.agent.body).find(
    ({ config }) => config["name"] === call.name,
  );
  if (!tool) return { result: `There is no tool ${call.name}.`, isError: true };
  return tool.config["type"] === "client"
    ? askPage(world, conversation, call, tool.config)
    : post(world, conversation, call, tool.config);
}

function runSystemTool(
  world: World,
  conversation: SimConversation,
  { name }: CompletionToolCall,
): ToolOutcome | undefined {
  if (name !== "end_call") return { result: "Done.", isError: false };
  endTalk(world, conversation, "end_call tool was called.", 1000);
  return undefined;
}

/** Waits for the page's `client_tool_result`, unless none is expected. */
function askPage(
  { clock }: World,
  conversation: SimConversation,
  call: CompletionToolCall,
  config: Row,
): Promise<ToolOutcome> {
  const parameters = parse(call.arguments);
  conversation.send({
    type: "client_tool_call",
    client_tool_call: {
      tool_name: call.name,
      tool_call_id: call.id,
      parameters,
      event_id: conversation.eventId,
    },
  });
  if (config["expects_response"] !== true)
    return Promise.resolve({ result: "Client tool called.", isError: false });
  return new Promise((resolve) => {
    const done = (result: Row) => {
      cancel();
      conversation.toolResults.delete(call.id);
      resolve({ result: String(result["result"] ?? ""), isError: result["is_error"] === true });
    };
    const wait = Number(config["response_timeout_secs"] ?? 20) * 1000;
    const cancel = clock.after(wait, () => done({ result: "The tool timed out.", is_error: true }));
    conversation.toolResults.set(call.id, done);
  });
}

/** Exactly the described request, unsigned (contract §A.9). */
async function post(
  world: World,
  conversation: SimConversation,
  call: CompletionToolCall,
  config: Row,
): Promise<ToolOutcome> {
  const api = asRow(config["api_schema"]);
  const variables = { ...conversation.variables, ...systemVariables(world, conversation) };
  const path = Object.entries(asRow(api["path_params_schema"]));
  const url = path.reduce(
    (url, [name, source]) =>
      url.replace(`{${name}}`, encodeURIComponent(String(sourced(asRow(source), variables)))),
    String(api["url"]),
  );
  const headers = {
    "content-type": "application/json",
    ...headersOf(world, asRow(api["request_headers"]), variables),
  };
  const body = JSON.stringify(bodyOf(asRow(api["request_body_schema"]), parse(call.arguments), variables));
  const answer = await fetch(url, { method: String(api["method"] ?? "GET"), headers, body }).catch(
    () => undefined,
  );
  const text = (await answer?.text().catch(() => undefined)) ?? "";
  world.toolCalls.push({ url, headers, body, status: answer?.status ?? 0, answer: text });
  return { result: text, isError: answer === undefined || !answer.ok };
}

function systemVariables({ clock }: World, { id, agent, phone }: SimConversation): Row {
  return {
    system__agent_id: agent.id,
    system__conversation_id: id,
    system__time_utc: new Date(clock.now()).toISOString(),
    ...(phone && {
      system__caller_id: phone.from,
      system__called_number: phone.to,
      system__call_sid: phone.callSid,
    }),
  };
}

function sourced(source: Row, variables: Row): unknown {
  if ("constant_value" in source) return source["constant_value"];
  return variables[String(source["dynamic_variable"])];
}

function bodyOf(schema: Row, args: Row, variables: Row): Row {
  const entries = Object.entries(asRow(schema["properties"])).map(([name, property]) => {
    const source = asRow(property);
    const ours = "constant_value" in source || "dynamic_variable" in source;
    return [name, ours ? sourced(source, variables) : args[name]];
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function headersOf(world: World, headers: Row, variables: Row): Record<string, string> {
  const entries = Object.entries(headers).map(([name, source]) => {
    if (typeof source === "string") return [name, source];
    const { secret_id, variable_name } = asRow(source);
    const value =
      secret_id === undefined
        ? variables[String(variable_name)]
        : world.secrets.get(String(secret_id))?.value;
    return [name, String(value ?? "")];
  });
  return Object.fromEntries(entries);
}

function parse(json: string): Row {
  try {
    return asRow(JSON.parse(json === "" ? "{}" : json));
  } catch {
    return {};
  }
}
