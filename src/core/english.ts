/** Words that say nothing about a subject; left out of the index and of questions. */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  `a about above after again against ain all also am an and any are aren arent as at be because been before
  being below between both but by can cannot cant could couldn couldnt d did didn didnt do does doesn doesnt
  doing don dont down during each few for from further had hadn hadnt has hasn hasnt have haven havent having
  he hed her here heres hers herself hes him himself his how hows i if ill im in into is isn isnt it its itself
  ive just ll m ma me mightn more most mustn my myself needn no nor not now o of off on once only or other our
  ours ourselves out over own re s same shan she shed shes should shouldn shouldnt so some such t than that
  thats the their theirs them themselves then there theres these they theyd theyll theyre theyve this those
  through to too under until up ve very was wasn wasnt we wed were weren werent weve what whats when whens
  where wheres which while who whom whos whose why will with won wont would wouldn wouldnt y yes yeah you youd
  youll your youre yours yourself yourselves youve oh um uh hi hey ok okay`.split(/\s+/),
);

/** Irregular forms that no stemmer sees; `form:base`. */
const IRREGULAR = `ate:eat eaten:eat became:become began:begin begun:begin bought:buy broke:break broken:break
  brought:bring built:build caught:catch chose:choose chosen:choose came:come children:child drew:draw
  drawn:draw drank:drink drunk:drink drove:drive driven:drive fed:feed feet:foot fell:fall fallen:fall felt:feel
  fought:fight flew:fly flown:fly forgot:forget forgotten:forget found:find gave:give given:give gone:go
  went:go got:get gotten:get grew:grow grown:grow heard:hear held:hold hid:hide hidden:hide kept:keep knew:know
  known:know led:lead left:leave lent:lend lost:lose made:make meant:mean men:man met:meet mice:mouse
  paid:pay people:person ran:run rang:ring rode:ride ridden:ride rose:rise risen:rise said:say sang:sing
  sung:sing sat:sit saw:see seen:see sent:send shot:shoot slept:sleep sold:sell sought:seek spent:spend
  spoke:speak spoken:speak stole:steal stolen:steal stood:stand swam:swim swum:swim taken:take took:take
  taught:teach teeth:tooth thought:think threw:throw thrown:throw told:tell understood:understand woke:wake
  woken:wake women:woman won:win wore:wear worn:wear written:write wrote:write lives:life wives:wife`;

export const BASE_FORMS: ReadonlyMap<string, string> = new Map(
  IRREGULAR.split(/\s+/).map((pair) => pair.split(":") as [string, string]),
);
