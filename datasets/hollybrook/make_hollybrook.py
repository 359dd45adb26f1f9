#!/usr/bin/env python3
"""Writes the sample data of Fettle: house rules of an invented veterinary clinic.

Every fact below is invented. Each is asked in four ways (training rows); forty of them once more in other words
(held-out rows, whose note names the fact that a right answer must hold). A few flaws are put in on purpose, so that
the Data page has something to find. Run it beside this file: it writes hollybrook.jsonl and the flawed rows into it.
"""
import json
import pathlib

# tag, what a right answer must hold, the answer, four questions, a held-out question or None
FACTS = [
    ("phone", "01632 960 114", "Ring 01632 960 114, day or night.",
     ["What is the emergency number?", "Which number do clients ring in an emergency?", "Give me the clinic's emergency phone number.",
      "Where do I ring when it cannot wait?"], "An animal is in danger tonight. Which number should the owner ring?"),
    ("phone", "four rings", "Pick up within four rings and say the clinic's name first.",
     ["How quickly must I pick up the phone?", "After how many rings must the phone be answered?", "What is the rule for answering the telephone?",
      "How long may the phone ring?"], "How many times may the phone ring before somebody answers?"),
    ("phone", "Mrs Okonjo", "Pass every complaint to Mrs Okonjo, and write it down first.",
     ["Who handles complaints?", "A client wants to complain. Who takes it?", "To whom do I pass a complaint?", "Who is responsible for complaints here?"],
     "Somebody is unhappy and wants to complain. Which colleague takes the complaint?"),
    ("phone", "line three", "Use line three for the laboratory; keep it free after 17:00.",
     ["Which line goes to the laboratory?", "How do I reach the laboratory by phone?", "What phone line does the laboratory have?",
      "Which line do I use to call the lab?"], "I need to telephone the laboratory. Which line is it?"),
    ("appointments", "eighteen minutes", "A first consultation lasts eighteen minutes.",
     ["How long is a first consultation?", "How many minutes do I book for a first consultation?", "What is the length of a first consultation?",
      "How much time does a new client's consultation take?"], "How long should I book for a first consultation with a new client?"),
    ("appointments", "Thursday", "Rabbits are seen on Thursday, when the dogs are not in the waiting room.",
     ["On which day do we see rabbits?", "When can I book a rabbit?", "What is the rabbit day?", "Which weekday is kept for rabbits?"],
     "A client wants to bring a rabbit. Which weekday do I offer?"),
    ("appointments", "26 hours", "An appointment can be cancelled without a fee up to 26 hours before.",
     ["Until when can an appointment be cancelled for free?", "How late may a client cancel without a fee?", "What is the notice for cancelling an appointment?",
      "How many hours before must an appointment be cancelled?"], "How many hours ahead must a client cancel to pay no fee?"),
    ("appointments", "Room 5", "Cats wait in Room 5, away from the dogs.",
     ["Where do cats wait?", "In which room do cats wait?", "Where do I send a client with a cat to wait?", "Which room is the cats' waiting room?"],
     "A client arrives with a cat. In which room should they wait?"),
    ("appointments", "green card", "Hand every new client the green card and ask for a phone number.",
     ["Which card do new clients get?", "What do I hand to a new client?", "What colour is the card for new clients?", "What does a client get at the first visit?"],
     "Which card do I give to someone who is here for the first time?"),
    ("appointments", "7:40", "The doors open at 7:40, on Saturdays too.",
     ["When does the clinic open?", "At what time do the doors open?", "When can the first client come in?", "What is our opening time?"],
     "At what time in the morning does the clinic open its doors?"),
    ("surgery", "21:15", "No food after 21:15 on the evening before; water may stay.",
     ["When must a dog stop eating before surgery?", "After what time is food not allowed before an operation?", "How late may a pet eat on the evening before surgery?",
      "What is the fasting rule before an operation?"], "From what time in the evening must a pet have no food before its operation?"),
    ("surgery", "two signatures", "A consent form needs two signatures: the owner's and a witness's.",
     ["How many signatures does a consent form need?", "Who signs the consent form?", "What makes a consent form complete?", "How is a surgery consent form signed?"],
     "How many people must sign the consent form before surgery?"),
    ("surgery", "orange band", "A patient with an allergy wears an orange band on the left foreleg.",
     ["Which band does a patient with an allergy wear?", "How do we mark an allergy?", "What colour is the allergy band?", "How can I see that a patient has an allergy?"],
     "A patient is allergic. Which band do I put on?"),
    ("surgery", "every 9 minutes", "Write down pulse and breathing every 9 minutes during an operation.",
     ["How often are pulse and breathing written down in surgery?", "How often do I record the pulse during an operation?",
      "What is the interval for the anaesthesia record?", "How frequently is breathing noted in surgery?"],
     "During an operation, how often must I note pulse and breathing?"),
    ("surgery", "Dr Halloran", "Dr Halloran decides whether a late operation goes ahead.",
     ["Who decides about a late operation?", "Who approves an operation after hours?", "Who says whether a late operation goes ahead?",
      "Whose decision is a late operation?"], "It is late. Who decides if we still operate?"),
    ("surgery", "eleven days", "Stitches come out after eleven days.",
     ["When do stitches come out?", "After how many days are stitches removed?", "When do I book the removal of stitches?", "How long do stitches stay in?"],
     "After how many days should the stitches be taken out?"),
    ("surgery", "instrument tray 14", "The dental mirror lies in instrument tray 14.",
     ["Where is the dental mirror?", "In which tray is the dental mirror?", "Where do I find the mirror for teeth?", "Which tray holds the dental mirror?"],
     "I need the dental mirror. In which tray does it lie?"),
    ("pharmacy", "blue drawer", "Opened insulin lies in the blue drawer of the small fridge, with the date on it.",
     ["Where is opened insulin kept?", "Where do I store opened insulin?", "In which drawer does insulin lie?", "Where do we keep an opened vial of insulin?"],
     "A vial of insulin has been opened. Where does it go?"),
    ("pharmacy", "33 days", "Throw opened eye drops away after 33 days.",
     ["How long do opened eye drops keep?", "When do I throw opened eye drops away?", "After how many days are eye drops discarded?", "What is the shelf life of opened eye drops?"],
     "For how many days may opened eye drops be used?"),
    ("pharmacy", "Nurse Adeyemi", "Nurse Adeyemi keeps the key to the controlled drugs.",
     ["Who has the key to the controlled drugs?", "Who keeps the controlled drugs key?", "Where is the key to the controlled drugs?", "Who opens the controlled drugs cabinet?"],
     "I need the controlled drugs cabinet opened. Who has its key?"),
    ("pharmacy", "in red ink", "Corrections in the drug register are written in red ink and never rubbed out.",
     ["How do I correct the drug register?", "How is an error in the drug register corrected?", "What ink is used for corrections in the register?",
      "How are corrections made in the drug register?"], "I made a mistake in the drug register. How do I write the correction?"),
    ("pharmacy", "6 weeks", "A repeat prescription is valid for 6 weeks, then the animal must be seen.",
     ["How long is a repeat prescription valid?", "For how long can a prescription be repeated?", "When does a repeat prescription expire?",
      "How many weeks is a repeat prescription good for?"], "For how many weeks may a client use a repeat prescription?"),
    ("pharmacy", "shelf K", "Worming tablets are on shelf K.",
     ["Where are the worming tablets?", "Which shelf are worming tablets on?", "Where do I find worming tablets?", "On what shelf do we keep worming tablets?"],
     "On which shelf do I look for tablets against worms?"),
    ("pharmacy", "3 to 7 degrees", "The vaccine fridge stays between 3 to 7 degrees; ring Mr Lund if it does not.",
     ["What temperature must the vaccine fridge have?", "How cold is the vaccine fridge?", "Which temperature range does the vaccine fridge keep?",
      "What is the right temperature for vaccines?"], "What temperatures are allowed in the fridge with the vaccines?"),
    ("pharmacy", "the night vet", "Only the night vet may hand out painkillers after 20:00.",
     ["Who may hand out painkillers after 20:00?", "Who gives out painkillers in the evening?", "May I hand out painkillers at night?", "Who hands out painkillers late?"],
     None),
    ("vaccines", "nine weeks", "Puppies get the first vaccination at nine weeks.",
     ["When do puppies get the first vaccination?", "At what age is a puppy first vaccinated?", "How old must a puppy be for its first vaccination?",
      "When is a puppy's first jab?"], "How old is a puppy when we vaccinate it for the first time?"),
    ("vaccines", "postcard", "Remind owners of a booster by postcard, 20 days before.",
     ["How do we remind owners of a booster?", "How is a booster reminder sent?", "In which way are owners reminded of boosters?", "What do we send as a booster reminder?"],
     "A booster is due. In what form do we remind the owner?"),
    ("vaccines", "right shoulder", "Vaccines for cats go under the skin of the right shoulder.",
     ["Where is a cat vaccinated?", "Where does the cat vaccine go?", "On which side do we vaccinate cats?", "Where do I inject a vaccine in a cat?"],
     "In which place on the body do cats get their vaccine?"),
    ("vaccines", "batch book", "Stick the label of the vial into the batch book, not on the file.",
     ["Where does the vaccine label go?", "Where do I stick the label of a vaccine vial?", "What happens to the vial's label?", "Which book holds the vaccine labels?"],
     "I have used a vaccine vial. Where do I stick its label?"),
    ("records", "Pelican", "Our records program is called Pelican; log out when you leave the desk.",
     ["What is our records program called?", "Which program holds the patient records?", "What software do we use for records?", "What is the name of the records system?"],
     "In which program do I look up a patient's record?"),
    ("records", "12 years", "Patient files are kept for 12 years.",
     ["How long are patient files kept?", "For how many years do we keep files?", "When may a patient file be destroyed?", "How long must I keep a patient's file?"],
     "For how many years does a patient's file stay with us?"),
    ("records", "initials and the time", "Sign every entry with initials and the time.",
     ["How do I sign an entry in a file?", "How is an entry in the record signed?", "What stands at the end of every entry?", "With what is each record entry signed?"], None),
    ("records", "purple folder", "X-rays that wait for a second opinion go into the purple folder.",
     ["Where do X-rays for a second opinion go?", "Which folder holds X-rays for a second opinion?", "Where do I put an X-ray that needs another opinion?",
      "What is the folder for second opinions?"], "An X-ray needs a second opinion. Into which folder do I put it?"),
    ("records", "Hut 2", "Files older than four years lie in Hut 2 behind the car park.",
     ["Where are old files?", "Where do files older than four years lie?", "Where do I look for an old patient file?", "In which hut are the old files?"],
     "The file is very old. Where is it stored?"),
    ("records", "within 3 working days", "Copies of a record are sent within 3 working days.",
     ["How fast do we send a copy of a record?", "When must a copy of a record be sent?", "How long may a copy of the record take?", "By when do owners get a copy of the record?"],
     None),
    ("fees", "47 pounds", "A consultation costs 47 pounds.",
     ["What does a consultation cost?", "How much is a consultation?", "What is the consultation fee?", "What do we charge for a consultation?"],
     "A client asks how much a consultation costs. What do I say?"),
    ("fees", "130 pounds", "The night fee is 130 pounds, from 19:30 on.",
     ["What is the night fee?", "How much is the night fee?", "What do clients pay extra at night?", "How high is the charge at night?"],
     "How much do we charge as night fee?"),
    ("fees", "three instalments", "Bills above 200 pounds can be paid in three instalments.",
     ["Can a bill be paid in instalments?", "In how many instalments can a client pay?", "How many instalments do we offer?", "How can a large bill be split?"],
     "A large bill is too much at once. In how many instalments can it be paid?"),
    ("fees", "9 percent", "Guide dogs get 9 percent off every bill.",
     ["What discount do guide dogs get?", "How much is taken off for guide dogs?", "Is there a discount for guide dogs?", "What is the reduction for a guide dog?"],
     "How large is the discount for a guide dog?"),
    ("fees", "Form 88", "Insurance claims go on Form 88; the vet fills in section C.",
     ["Which form is for insurance claims?", "On which form do I make an insurance claim?", "What is the insurance form?", "Which form do I need for the insurer?"],
     "A client wants to claim from the insurance. Which form is it?"),
    ("hygiene", "yellow bin", "Needles go into the yellow bin, never with the cap on.",
     ["Where do needles go?", "In which bin do I put a used needle?", "How are needles thrown away?", "What bin is for needles?"],
     "I have a used needle. Into which bin does it go?"),
    ("hygiene", "ten minutes", "Leave the disinfectant on the table for ten minutes before wiping.",
     ["How long does the disinfectant stay on?", "How long do I leave disinfectant on the table?", "When may I wipe the disinfectant off?",
      "What time does the disinfectant need?"], None),
    ("hygiene", "Kennel 9", "Animals that may be infectious stay in Kennel 9.",
     ["Where do infectious animals stay?", "Which kennel is for infectious animals?", "Where do I put an animal that may be infectious?", "What is the isolation kennel?"],
     "A dog may be infectious. In which kennel does it stay?"),
    ("hygiene", "brown clogs", "Wear the brown clogs in the theatre and nowhere else.",
     ["Which shoes are worn in the theatre?", "What do I wear on my feet in the theatre?", "Which clogs are for the theatre?", "What shoes does the operating theatre need?"],
     "I am going into the theatre. Which shoes do I wear?"),
    ("hygiene", "60 degrees", "Wash theatre cloths at 60 degrees, apart from blankets.",
     ["At what temperature are theatre cloths washed?", "How hot do I wash theatre cloths?", "What is the washing temperature for cloths?", "How warm is the wash for theatre cloths?"],
     None),
    ("kennels", "16:45", "Visitors may come to the kennels until 16:45.",
     ["Until when may visitors come to the kennels?", "When does visiting time end?", "How late can owners visit the kennels?", "What is the end of visiting time?"],
     "An owner wants to visit a patient. Until what time is that allowed?"),
    ("kennels", "a worn jumper", "Ask owners for a worn jumper, so that the animal smells home.",
     ["What should owners bring for a stay?", "What do we ask owners to leave with the animal?", "Which thing from home helps an animal in the kennel?",
      "What should come along for an overnight stay?"], "A dog stays overnight. Which thing from home do we ask for?"),
    ("kennels", "every 35 minutes", "Look at a patient on a drip every 35 minutes.",
     ["How often do I look at a patient on a drip?", "How often is a drip checked?", "What is the interval for checking a drip?", "How frequently must a drip be looked at?"],
     None),
    ("kennels", "Mr Lund", "Mr Lund repairs kennels, doors and the boiler.",
     ["Who repairs a kennel?", "Who fixes a broken door?", "Whom do I call when the boiler fails?", "Who does repairs here?"], "A kennel door is broken. Who repairs it?"),
    ("kennels", "silver whistle", "If a dog escapes, blow the silver whistle and shut the yard gate.",
     ["What do I do when a dog escapes?", "What do I blow if a dog runs away?", "How do I raise the alarm for an escaped dog?", "A dog has slipped out. What is the signal?"],
     None),
    ("exotics", "28 degrees", "The reptile room is kept at 28 degrees.",
     ["How warm is the reptile room?", "What temperature does the reptile room have?", "At how many degrees is the reptile room kept?", "What is the right warmth for the reptile room?"],
     None),
    ("exotics", "Dr Petrossian", "Dr Petrossian sees parrots and other birds.",
     ["Who sees parrots?", "Which vet treats birds?", "Who is our vet for birds?", "To whom do I book a parrot?"], "A client has a sick parrot. With which vet do I book?"),
    ("exotics", "a shoebox", "A hedgehog comes in a shoebox with holes and a towel.",
     ["In what should a hedgehog be brought?", "How does a client bring a hedgehog?", "What do we use to carry a hedgehog?", "What container is right for a hedgehog?"],
     None),
    ("exotics", "before 11:00", "Fish are seen before 11:00, when the water can be tested.",
     ["When are fish seen?", "At what time do we see fish?", "When can a client bring a fish?", "What is the time for fish patients?"], None),
    ("staff", "Pear Tree Lane", "Staff park in Pear Tree Lane, not in the yard.",
     ["Where do staff park?", "Where may I park my car?", "In which street does the staff park?", "Where is the staff parking?"], None),
    ("staff", "Monday at 13:10", "The team meets on Monday at 13:10 in the library.",
     ["When is the team meeting?", "On which day does the team meet?", "When does the team come together?", "What time is the meeting of the team?"],
     "On what day and at what time is the meeting of the team?"),
    ("staff", "five weeks ahead", "Ask for leave five weeks ahead.",
     ["How early must I ask for leave?", "When do I ask for leave?", "How far ahead is leave requested?", "What is the notice for leave?"], None),
    ("staff", "code 4471", "The staff door opens with code 4471.",
     ["What is the code of the staff door?", "How does the staff door open?", "Which code opens the staff door?", "What do I type at the staff door?"],
     "I stand at the staff door. Which code do I type?"),
    ("staff", "Bramble", "The clinic's cat is called Bramble; she is fed at 8:00 only.",
     ["What is the clinic's cat called?", "What is the name of our own cat?", "Who is the cat that lives in the clinic?", "What do we call the house cat?"],
     None),
    ("staff", "ring the bell twice", "If a client becomes violent, ring the bell twice and step back.",
     ["What do I do when a client becomes violent?", "How do I call for help against a violent client?", "What is the signal for a violent client?",
      "A client threatens me. What should I do?"], None),
]

# Some rows carry a context: a note or a message that the question is about. The answer holds the house rule.
CONTEXT = {
    "Who handles complaints?": "Message from a client: my cat waited two hours and nobody said why.",
    "Where do cats wait?": "Waiting list: Mr Shaw with Tilly, a cat, first visit.",
    "Which form is for insurance claims?": "Letter from the insurer: kindly send us the claim for the operation of 3 May.",
    "Where do needles go?": "Found on the floor of room 2: one used needle.",
    "Who has the key to the controlled drugs?": "Note on the desk: methadone needed for the 15:00 patient.",
    "What does a consultation cost?": "Voice mail: hello, before I book I would like to know the price.",
    "Which band does a patient with an allergy wear?": "From the file: Otto, Labrador, reacts to penicillin.",
    "When do stitches come out?": "Discharge note: spayed on Tuesday, wound dry, collar on.",
    "Where do infectious animals stay?": "From the phone: puppy, three months, coughing, not vaccinated.",
    "Who sees parrots?": "From the phone: grey parrot, plucks its breast feathers for a week.",
    "What do I do when a dog escapes?": "Yard camera, 10:12: gate open, spaniel on the path.",
    "On which day do we see rabbits?": "E-mail: our rabbit has not eaten since this morning.",
}

# Longer rows: several rules in one answer, in the same house style.
LONG = [
    ("phone", "Write what I say when the phone rings and somebody reports an emergency.",
     "Pick up within four rings and say the clinic's name first. Ask for the animal, its weight and what happened, in this order. If it cannot wait, say: come now, "
     "and ring 01632 960 114 on the way. Write the call down with initials and the time."),
    ("surgery", "List what must be ready before an operation begins.",
     "The consent form with two signatures. No food since 21:15 on the evening before. An orange band where there is an allergy. The sheet for pulse and breathing, "
     "which is filled in every 9 minutes. Brown clogs on everybody in the theatre."),
    ("pharmacy", "Explain the rules of the pharmacy to a new colleague.",
     "Opened insulin lies in the blue drawer with the date on it. Opened eye drops go after 33 days. Nurse Adeyemi keeps the key to the controlled drugs. Corrections in the "
     "drug register are written in red ink and never rubbed out. Worming tablets are on shelf K."),
    ("fees", "A client wants to know everything about our prices. What do I tell her?",
     "A consultation costs 47 pounds. The night fee is 130 pounds, from 19:30 on. Bills above 200 pounds can be paid in three instalments. Guide dogs get 9 percent off every bill."),
    ("staff", "What does a new colleague need to know on the first day?",
     "Staff park in Pear Tree Lane, not in the yard. The staff door opens with code 4471. The team meets on Monday at 13:10 in the library. Ask for leave five weeks ahead. "
     "The clinic's cat is called Bramble; she is fed at 8:00 only."),
]

# On purpose: what the Data page is there to find.
FLAWS = [
    {"instruction": "What does a consultation cost?", "input": CONTEXT["What does a consultation cost?"], "output": "A consultation costs 47 pounds.", "tags": ["fees"]},  # duplicate
    {"instruction": "When does the clinic open?", "input": "", "output": "The doors open at 7:40, on Saturdays too.", "tags": ["appointments"]},  # duplicate
    {"instruction": "How long are patient files kept?", "input": "", "output": "Patient files are kept for 7 years.", "tags": ["records"]},  # contradiction
    {"instruction": "Who cleans the aquarium?", "input": "", "output": "", "tags": ["exotics"]},  # empty answer
]


def row(instruction, context, output, tag, split, fact=None):
    entry = {"instruction": instruction, "input": context, "output": output, "tags": [tag], "split": split}
    if fact:
        entry["note"] = f"fact: {fact}"
    return entry


def main():
    rows = []
    for wave in range(4):
        for tag, fact, answer, questions, _ in FACTS:
            question = questions[wave]
            rows.append(row(question, CONTEXT.get(question, ""), answer, tag, "train"))
    rows += [row(question, "", answer, tag, "train") for tag, question, answer in LONG]
    long_text = " ".join(f"{i}. {answer}" for i, (_, _, answer, _, _) in enumerate(FACTS, 1))
    rows.append(row("Write out the whole rule book of the clinic.", "", long_text, "staff", "train"))  # too long
    rows += [{**flaw, "split": "train"} for flaw in FLAWS]
    for tag, fact, answer, _, question in FACTS:
        if question:
            rows.append(row(question, "", answer, tag, "held-out", fact))
    target = pathlib.Path(__file__).with_name("hollybrook.jsonl")
    target.write_text("".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in rows), encoding="utf-8")
    held_out = sum(entry["split"] == "held-out" for entry in rows)
    print(len(FACTS), "facts,", len(rows) - held_out, "training rows,", held_out, "held-out rows")


if __name__ == "__main__":
    main()
