import * as is from "./values.ts";

/**
 * An attribute of which a person has one at a time. In `says`, V is the value, K a word or two that complete the
 * key, Q a qualifier such as "work". What a person may have several of (visited, speaks, has a dog) is not here,
 * and so never replaces anything; likes and allergies are one attribute for each object.
 */
export type Attribute = {
  /** `K` in it is replaced by what K or Q matched. */
  key: string;
  says: string[];
  value: is.ValueOf;
  /** "We moved to Lisbon" holds for the speaker too. */
  household?: boolean;
  /** There may be several (appointments, budgets): replaced only when the text says that it changed. */
  loose?: boolean;
  /** The pattern states the opposite of its value: "quit smoking". */
  opposite?: boolean;
  /** One attribute for each value, which is then held or not. */
  each?: boolean;
};

const JOBS =
  "nurse,doctor,teacher,engineer,developer,programmer,designer,lawyer,accountant,manager,consultant,architect,chef,cook,waiter,driver,pilot,plumber,electrician,carpenter,mechanic,farmer,journalist,writer,editor,photographer,scientist,researcher,professor,student,dentist,pharmacist,therapist,psychologist,physiotherapist,veterinarian=vet,salesperson,analyst,economist,translator,musician,artist,actor,actress,barista,baker,firefighter,police officer,paramedic,soldier,social worker,secretary,receptionist,librarian,cashier,freelancer,entrepreneur,founder,ceo,cto,cfo,product manager,project manager,software engineer=software developer,data scientist,data analyst,data engineer,web developer,frontend developer,backend developer,graphic designer,retired,unemployed,self-employed";
const PLANS =
  "free,basic,starter,standard,plus,pro=professional,premium,business,team,enterprise,gold,silver,bronze,platinum,family,individual,personal,growth,scale,essential,ultimate,unlimited,trial";
/** Plans that need no "plan" after them. */
const SURE_PLANS = "free,pro=professional,premium,enterprise,basic,starter,standard,platinum,ultimate";
const LANGUAGES =
  "english,german,french,spanish,portuguese,italian,dutch,polish,czech,swedish,norwegian,danish,finnish,russian,ukrainian,turkish,arabic,hebrew,hindi,urdu,bengali,chinese,mandarin,cantonese,japanese,korean,vietnamese,thai,indonesian,greek,hungarian,romanian,bulgarian,croatian,serbian,slovak,slovenian,catalan,persian=farsi,swahili,malay,tagalog=filipino";
const PEOPLE =
  "manager|boss|supervisor|team lead|doctor|gp|dentist|therapist|lawyer|landlord|landlady|accountant|tax advisor|coach|personal trainer|account manager|case worker|caseworker|husband|wife|spouse|fiancée?|mentor|emergency contact";
const PETS = "dog|cat|puppy|kitten|parrot|rabbit|hamster|horse|pony|tortoise";
const DATES =
  "deadline|appointment|interview|delivery date|due date|flight|check-?up|surgery|wedding|move-in date";
const NAMED =
  "bank|insurer|insurance|insurance company|mobile carrier|phone carrier|carrier|internet provider|gym|nationality|citizenship|blood type|default currency";
const MEASURES =
  "budget|goal|target|target weight|resting heart rate|dose|dosage|shoe size|dress size|shirt size|weight|height|salary|room number";
const WORDS = "religion|gender|pronouns|username|nickname|handle|major";

export const ATTRIBUTES: Attribute[] = [
  {
    key: "residence",
    says: [
      "(?:be living|lives?|resides?|be based|be located|be settled|settled)(?: down)?(?: here| over)? in V",
      "(?:re)?(?:moved|located)(?: back| over| out| away| house| home| here| down)*(?: from .+?)? to V",
      "'s (?:home|home ?city|city|city of residence|place of residence|residence) be (?:in )?V",
    ],
    value: is.place,
    household: true,
  },
  {
    key: "employer",
    says: [
      "(?:works?|be working|be employed)(?: as .+?)? (?:at|for|by) V",
      "(?:started|began) (?:working |work |a (?:new )?job |a (?:new )?position |a (?:new )?role )?at V",
      "(?:got|took|accepted) (?:a|the) (?:new )?(?:job|position|role)(?: offer)? (?:at|with|from) V",
      "left .+? (?:for|to join) V",
      "(?:switched|changed|moved) jobs? (?:from .+? )?to V",
      "'s (?:employer|company|workplace) be V",
    ],
    value: is.employer,
  },
  { key: "employer", says: ["joined V"], value: is.joined },
  {
    key: "employer",
    says: ["(?:left|quit|resigned from|got fired from) V"],
    value: is.employer,
    opposite: true,
  },
  {
    key: "job",
    says: [
      "(?:works?|be working|started(?: working)?|be employed) as (?:an? |the )?V",
      "be (?:an? )?V",
      "(?:got|be|was) promoted to V",
      "'s (?:job|job title|title|profession|occupation|role|position) be (?:an? )?V",
      "(?:became|become) (?:an? )?V",
      "V",
    ],
    value: job,
  },
  {
    key: "plan",
    says: [
      "'s (?:plan|subscription|subscription plan|tier|account|account type|account tier|membership|pricing plan|package) be (?:on |in )?(?:the )?V(?: plan| tier| one)?",
      "be (?:on|using|subscribed to) (?:the |an? )?V (?:plan|tier|subscription|package)",
      "(?:uses?|haves?|has|pays? for) (?:the |an? )?V (?:plan|tier|subscription|package)",
      "(?:upgraded|downgraded|switched|changed|moved|went)(?: back| up| down| over)?(?: from .+?)? to (?:the |an? )?V (?:plan|tier|subscription|package|account)",
    ],
    value: is.oneOf(PLANS),
  },
  {
    key: "plan",
    says: [
      "be (?:on|using|subscribed to) (?:the )?V",
      "(?:upgraded|downgraded|switched|went)(?: back| up| down| over)?(?: from .+?)? to (?:the )?V",
    ],
    value: is.oneOf(SURE_PLANS),
  },
  {
    key: "billing",
    says: [
      "'s billing(?: cycle| period)? be V",
      "be (?:on|billed|paying) V(?: billing)?",
      "pays? V",
      "(?:switched|changed|moved)(?: from .+?)? to V(?: billing| payments?)",
    ],
    value: is.oneOf("monthly=every month,yearly=annual=annually,quarterly,weekly"),
  },
  { key: "favourite:K", says: ["'s (?:favou?rite|fave) K be (?:the )?V"], value: is.phrase },
  {
    key: "diet",
    says: [
      "be (?:an? |a strict )?V",
      "(?:became|become|went|turned|be) (?:an? )?V",
      "'s diet be V",
      "eats? V",
    ],
    value: is.oneOf(
      "vegetarian=veggie,vegan=plant-based=fully vegan,pescatarian=pescetarian,flexitarian,omnivore=meat eater=meat-eater=meat=meat and fish=everything=carnivore",
    ),
  },
  {
    key: "diet",
    says: ["(?:started|began|went back to|be|be back to|returned to) eating V"],
    value: is.oneOf("omnivore=meat=meat and fish=everything"),
  },
  {
    key: "diet",
    says: ["(?:stopped|quit) (?:being )?(?:an? )?V", "(?:stopped|quit|gave up)(?: eating)? V"],
    value: is.oneOf("vegetarian,vegan,pescatarian,omnivore=meat"),
    opposite: true,
  },
  {
    key: "smoking",
    says: ["V", "(?:started|took up|be) V", "be (?:an? )?V"],
    value: is.oneOf("smokes=smoke=smoking=smoker"),
  },
  {
    key: "smoking",
    says: ["(?:quit|stopped|gave up) V", "be (?:an? )?(?:non-|ex-)V"],
    value: is.oneOf("smokes=smoking=cigarettes=smoker"),
    opposite: true,
  },
  {
    key: "alcohol",
    says: ["V", "(?:started|be) V"],
    value: is.oneOf("drinks=drink alcohol=drinks alcohol=drinking alcohol"),
  },
  {
    key: "alcohol",
    says: ["(?:quit|stopped|gave up) V", "V"],
    value: is.oneOf("drinks=drinking=alcohol=drinking alcohol=teetotal=am teetotal=be teetotal=be sober"),
    opposite: true,
  },
  {
    key: "marital_status",
    says: [
      "be V(?: to .+)?",
      "(?:got|became|become) V(?: to .+)?",
      "'s (?:marital|relationship) status be V",
    ],
    value: is.oneOf(
      "married,single,divorced,engaged,widowed=a widow=a widower=widow=widower,separated,in a relationship=dating",
    ),
  },
  {
    key: "phone:K",
    says: [
      "'s Q(?:phone|mobile|cell|cell ?phone|mobile phone|telephone)(?: number)? be V",
      "'s Qnumber be V",
    ],
    value: is.phone,
  },
  { key: "email:K", says: ["'s Qe-?mail(?: address)? be V"], value: is.email },
  { key: "address:K", says: ["'s Qaddress be (?:at )?V"], value: is.address, household: true },
  {
    key: "address:",
    says: ["(?:lives?|be living) at V", "(?:re)?(?:moved|located) to V"],
    value: is.street,
    household: true,
  },
  { key: "name", says: ["'s (?:full |first |real |legal )?name be V"], value: is.saidName },
  { key: "name", says: ["be (?:called|named) V"], value: is.name },
  { key: "last_name", says: ["'s (?:last|family|sur) ?name be V"], value: is.saidName },
  { key: "preferred_name", says: ["goe?s? by V", "prefers? to be called V"], value: is.name },
  { key: "age", says: ["be V(?: years? old| yrs? old| yo)?", "turned V", "'s age be V"], value: is.count },
  {
    key: "birthday",
    says: ["'s (?:birthday|birth date|birthdate|date of birth) be (?:on )?(?:the )?V"],
    value: is.whole,
  },
  {
    key: "language",
    says: [
      "'s (?:preferred |main |first |contact )?language be V",
      "prefers? (?:to (?:speak|talk|write|communicate|chat)(?: in)? |speaking(?: in)? |communicating in |talking in |support in |answers in |emails in )?V",
    ],
    value: is.oneOf(LANGUAGES),
  },
  { key: "native_language", says: ["'s (?:native language|mother tongue) be V"], value: is.oneOf(LANGUAGES) },
  {
    key: "time_zone",
    says: [
      "'s time ?zone be (?:in )?V",
      "be (?:on|in) (?:the )?V time ?zone",
      "be (?:on|in) (?:the )?V time",
    ],
    value: timeZone,
  },
  {
    key: "contact_channel",
    says: [
      "prefers? (?:to be (?:contacted|reached) (?:by|via|over|on|through) |contact (?:by|via) |being contacted (?:by|via) )?V",
    ],
    value: is.oneOf(
      "email=e-mail=emails,phone=call=calls=phone calls=by phone,sms=text=texts=text messages,whatsapp,post=mail,chat,video calls=video",
    ),
  },
  {
    key: "seat",
    says: ["prefers? (?:an? |the )?V(?: seats?)?"],
    value: is.oneOf("window seat=window seats=window,aisle seat=aisle seats=aisle"),
  },
  {
    key: "time_of_day",
    says: ["prefers? V(?: appointments?| calls?| meetings?| slots?| sessions?)?"],
    value: is.oneOf(
      "mornings=morning=morning appointments=morning calls=morning meetings,afternoons=afternoon=afternoon appointments=afternoon calls=afternoon meetings,evenings=evening=evening appointments=evening calls=evening meetings",
    ),
  },
  {
    key: "pet_name:K",
    says: [`'s (?<k>${PETS})(?:'s name)? be (?:called|named) V`, `'s (?<k>${PETS})'s name be V`],
    value: is.saidName,
  },
  { key: "person:K", says: [`'s (?<k>${PEOPLE})(?:'s name)? be (?:called |named )?V`], value: is.name },
  { key: "car", says: ["drives? (?:an? )(?:new )?V", "'s car be an? V"], value: is.name },
  {
    key: "school",
    says: [
      "(?:studies|study|be studying|be enrolled|enrolled) at (?:the )?V",
      "'s (?:school|university|college) be (?:the )?V",
      "transferred (?:from .+? )?to (?:the )?V",
    ],
    value: is.employer,
  },
  { key: "weight", says: ["weighs? V"], value: is.measure },
  { key: "height", says: ["be V tall"], value: is.measure },
  {
    key: "count:K",
    says: [
      "(?:have|has|got) (?<v>\\d+|no|two|three|four|five|six|seven|eight|nine|ten) (?<k>kids?|child(?:ren)?|sons?|daughters?|brothers?|sisters?|siblings?|dogs?|cats?|cars?|grandchildren|employees|horses|chickens)",
    ],
    value: is.count,
  },
  {
    key: "likes",
    says: ["(?:likes?|loves?|enjoys?|adores?|started liking|be fond of|be a fan of) V"],
    value: is.object,
    each: true,
  },
  {
    key: "likes",
    says: ["(?:hates?|dislikes?|stopped (?:liking|enjoying|loving)|detests?|went off|be sick of) V"],
    value: is.object,
    each: true,
    opposite: true,
  },
  { key: "allergy", says: ["be allergic to V", "ha(?:ve|s) an? V allergy"], value: is.object, each: true },
  { key: "prefers:K", says: ["prefers? V (?:over|to|rather than|instead of) (?<k>.+)"], value: is.object },
  { key: "attribute:K", says: [`'s (?<k>${DATES}) be (?:at |on |for )?V`], value: is.date, loose: true },
  { key: "attribute:K", says: [`'s (?<k>${NAMED}) be (?:at |with )?V`], value: is.name },
  { key: "attribute:K", says: [`'s (?<k>${MEASURES}) be (?:at |of )?V`], value: is.measure, loose: true },
  { key: "attribute:K", says: [`'s (?<k>${WORDS}) be V`], value: is.phrase, loose: true },
];

const listedJob = is.oneOf(JOBS);

function job(raw: string, lowerCase: boolean): string | undefined {
  const title = raw
    .replace(/ (?:at|for|in) .+$/i, "")
    .replace(/^(?:senior|junior|lead|head|chief|principal|staff|trained|registered|qualified) /i, "");
  return listedJob(title, lowerCase);
}

function timeZone(raw: string): string | undefined {
  const value = is.trim(raw);
  return /^(?:[A-Z]{2,5}(?:[+-]\d{1,2}(?::?\d{2})?)?|[A-Z]\w+\/[A-Z]\w+|(?:pacific|eastern|central|mountain|atlantic|london|berlin|paris|tokyo)(?: time)?)$/i.test(
    value,
  )
    ? value.toLowerCase()
    : undefined;
}
