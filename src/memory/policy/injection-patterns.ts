/** What an instruction to a model talks about; an e-mail, an invoice or a call are none of these. */
const ORDERS =
  "(?:instructions?|prompts?|rules|guidelines|directives?|commands|constraints|programming|guardrails|safety (?:rules|guidelines|measures)|system (?:message|prompt))";
const EARLIER =
  "(?:previous|prior|above|earlier|preceding|existing|system|original|initial|current|given|former)";
/** A short stretch within one sentence. */
const GAP = "[^.!?\\n]{0,40}?";

const WEB_TARGET =
  "(?:https?:|www\\.|[\\w.]+@|\\[email\\]|webhook|endpoint|url|server|(?:this|my|the following) (?:e-?mail|address))";
const PRIVATE =
  "(?:api[ _-]?keys?|credentials|passwords|secrets|access tokens?|conversation(?: history)?|chat history|transcripts?|user data|personal data|customer (?:data|records|list)|memor(?:y|ies)|system prompt|contacts)";

/**
 * Names and patterns, in English where not said otherwise. Every quantifier is bounded, so that all of them
 * are linear. A match marks a text; ordinary sentences with the same words must not match (see the tests).
 */
export const INSTRUCTION_PATTERNS: ReadonlyArray<readonly [name: string, pattern: RegExp]> = [
  [
    "override",
    new RegExp(
      `\\b(?:ignor(?:e|ing)|disregard(?:ing)?|forget(?:ting)?|overrid(?:e|ing)|bypass(?:ing)?|(?:do not|don't|stop|never) (?:follow|obey)(?:ing)?)\\b${GAP}\\b(?:${EARLIER}\\b${GAP}\\b${ORDERS}|(?:all|any|your|these|those) (?:of )?(?:the |your |these |those )?${ORDERS}|everything (?:above|before|you (?:were|have been) told))\\b`,
      "i",
    ),
  ],
  [
    "override",
    /\b(?:ignorier(?:e|en)|missacht(?:e|en)|vergiss|vergessen)\b[^.!?\n]{0,40}?\b(?:anweisung(?:en)?|instruktion(?:en)?|regeln|vorgaben|befehle?)\b|\b(?:ignor(?:e|ez|er|a|are|en)|oubli(?:e|ez|er)|olvid(?:a|e|ar)|dimentic(?:a|are)|esque[çc](?:a|er)|negeer|vergeet|zignoruj)\b[^.!?\n]{0,40}?\b(?:(?:instructions?|consignes|instrucciones|istruzioni|instruções|instructies|instrukcje)\b[^.!?\n]{0,24}?\b(?:pr[ée]c[ée]dentes|ant[ée]rieures|anteriores|previas|precedenti)|(?:vorige|eerdere|poprzednie) (?:instructies|instrukcje))/i,
  ],
  [
    "override",
    new RegExp(
      `\\b(?:new|updated|revised|real|true|actual|secret|hidden|special)\\b ${ORDERS} ?(?::|are\\b|from (?:the )?(?:system|developer|admin))|\\b(?:important|urgent|attention)\\b[: ,-]{1,3}(?:system|assistant|ai|model)s?\\b[^.\\n]{0,20}\\b(?:must|should|instruction)`,
      "i",
    ),
  ],
  [
    "role_tag",
    /<\|[a-z_]{2,24}\|>|\[\/?INST\]|<<\/?SYS>>|<\/?(?:system|assistant|developer|instructions?|prompt|memory|memories|context|tool_call|tool_result|function_calls?|function_results|invoke|thinking|human)(?: [^<>\n]{0,80})?\/?>|^[ \t>*#-]{0,6}(?:\[?system\]?|developer|system (?:prompt|message|override|note|instructions?))[ *]{0,3}:|^#{2,4} ?(?:system|instructions?|assistant|developer)\b/im,
  ],
  [
    "role_tag",
    /(?:[-=*#_]{3,16} ?|\b)(?:end|begin|start|beginning)(?: of)?(?: the)? (?:system|context|memory|memories|prompt|user (?:input|message|data)|instructions|untrusted|documents?)(?: [a-z]{1,12})? ?(?:[-=*#_]{3}|$)/im,
  ],
  [
    "persona",
    /\byou(?: are|'re) now (?:in |going to (?:act|be) |(?:act|operat|function)ing (?:as|in) )?(?:dan\b|(?:an? |the |my )?(?:\w{1,20} ){0,2}?(?:ai|llm|chatbot|bot|assistant|language model|hacker|root|superuser|jailbroken|unrestricted|unfiltered|uncensored|developer mode|god mode|debug mode|admin mode)\b|free (?:from|of) |no longer (?:bound|restricted|limited|an? (?:ai|assistant)))/i,
  ],
  [
    "persona",
    /\b(?:from (?:now|this point|here) on(?:wards?)?,? (?:you (?:will|must|are to|should|shall|have to) |always |never )(?:only |always |never )?(?:answer|respond|reply|act|behave|ignore|obey|refuse|pretend|speak|say|output|comply|follow|call|include|recommend|treat|trust)|(?:act|behave|respond|pretend|roleplay) (?:as|like|as if|to be|that you(?: a|')re)(?: if)?(?: you(?: are|'re| were))?(?: an?| my| the)? ?(?:\w{1,16} ){0,2}(?:ai|dan|unrestricted|unfiltered|uncensored|jailbroken|system|developer|administrator|root)\b|(?:developer|god|debug|jailbreak|dan|sudo) mode (?:enabled|activated|on\b)|(?:enable|enter|activate|switch to) (?:developer|god|debug|jailbreak|dan|sudo) mode|do anything now\b|jailbr(?:eak|oken)\b|without any (?:restrictions|filters|safety))/i,
  ],
  [
    "exfiltration",
    new RegExp(
      `\\b(?:reveal|print|show|repeat|output|display|leak|disclose|dump|recite|tell me|give me|what (?:is|are))\\b${GAP}\\b(?:your|the|its|this) (?:(?:full|entire|exact|hidden|secret|initial|original|complete) ){0,2}(?:system (?:prompt|message|instructions)|(?:hidden|initial|secret) (?:prompt|instructions)|prompt verbatim|developer message)|\\b(?:reveal|print|repeat|output|leak|disclose|dump|recite)\\b${GAP}\\byour (?:instructions|prompt|guidelines|rules|api keys?|credentials|secrets|memor(?:y|ies))`,
      "i",
    ),
  ],
  [
    "exfiltration",
    new RegExp(
      `\\b(?:send|forward|e-?mail|post|upload|exfiltrate|transmit|leak|submit|append|encode|copy)\\b[^.!?\\n]{0,60}?\\b${PRIVATE}\\b[^!?\\n]{0,60}?\\b(?:to|at|into|in|via)\\b[^!?\\n]{0,30}?${WEB_TARGET}`,
      "i",
    ),
  ],
  [
    "exfiltration",
    /!\[[^\]\n]{0,200}\]\(\s{0,3}(?:https?:)?\/\/[^)\s"']{0,300}(?:[?&](?:data|d|q|c|s|content|secret|info|memory|memories|text|leak|payload|msg|message|conversation|history|token|key|exfil)=|[{$<]|%7b|=(?:[)"'\s]|\[))|<img\b[^>]{0,200}\bsrc ?= ?["']?(?:https?:)?\/\/[^)\s"']{0,300}(?:[?&](?:data|d|q|c|s|content|secret|info|memory|memories|text|leak|payload|msg|message|conversation|history|token|key|exfil)=|[{$<]|%7b|=(?:[)"'\s]|\[))/i,
  ],
  [
    "secrecy",
    /\b(?:do not|don't|never|without) (?:tell|mention|reveal|inform|notify|alert|ask|warn|tell|inform|notify|alert|ask|warn)?(?:ing)? ?(?:this |it |anything )?(?:to )?the (?:user|human|end[- ]user)s?\b/i,
  ],
  [
    "tool_call",
    /\b(?:(?:tool_calls?|function_call|tool_use|recipient_name)["']? ?[:=] ?["'[{]|(?:call|invoke|execute|trigger|run|use) (?:the )?[`"']?\w{1,40}(?:_\w{1,40}|\(\))[\w(){}]{0,10}[`"']? ?(?:tool|function|with|now|immediately|and)|(?:call|invoke|execute) the \w{1,40} (?:tool|function|api)\b)|<(?:tool_call|function_calls?|invoke|tool_use|antml:)|\{ ?["'](?:name|tool|function|action)["'] ?: ?["'][\w.-]{1,64}["'] ?, ?["'](?:arguments|parameters|input|args|action_input)["'] ?:/i,
  ],
];
