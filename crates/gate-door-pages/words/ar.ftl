# نصوص الباب بالعربية. لم يراجعها قارئ عربي بعد.

## حول كل صفحة
skip = انتقل إلى المحتوى
language = اللغة
contact = اتصل بنا
privacy = كيف نستخدم بياناتك
error-before = خطأ:
who-email = إلى { $address }
who-phone = إلى الهاتف المنتهي بالرقم { $digits }
who-both = إلى { $address } والهاتف المنتهي بالرقم { $digits }
still-comes = ستصلك الإيصالات والرسائل الخاصة بطلباتك كالمعتاد.
reference = المرجع { $reference }.

## التواريخ
date-day = { $day } { $month }
date-day-year = { $day } { $month } { $year }
date-clock = { $day }، { $clock }
date-at = { $day } الساعة { $clock }
month-1 = يناير
month-2 = فبراير
month-3 = مارس
month-4 = أبريل
month-5 = مايو
month-6 = يونيو
month-7 = يوليو
month-8 = أغسطس
month-9 = سبتمبر
month-10 = أكتوبر
month-11 = نوفمبر
month-12 = ديسمبر

## القنوات
channel-email = البريد الإلكتروني
channel-sms = الرسائل النصية
channel-mms = رسائل الصور
channel-rcs = رسائل RCS
channel-whatsapp = واتساب
channel-push = إشعارات التطبيق
channel-voice-live = المكالمات الهاتفية
channel-voice-auto = المكالمات الآلية
what-email = الرسائل التسويقية
what-text = الرسائل النصية التسويقية
what-whatsapp = رسائل واتساب التسويقية
what-push = إشعارات التطبيق التسويقية
what-call = المكالمات التسويقية
what-purpose-email = «{ $purpose }» بالبريد الإلكتروني
what-purpose-text = «{ $purpose }» بالرسائل النصية
what-purpose-whatsapp = «{ $purpose }» عبر واتساب
what-purpose-push = «{ $purpose }» في التطبيق
what-purpose-call = «{ $purpose }» بالهاتف
button-email = أوقف هذه الرسائل
button-text = أوقف هذه الرسائل النصية
button-whatsapp = أوقف هذه الرسائل
button-push = أوقف هذه الإشعارات
button-call = أوقف هذه المكالمات

## الإيقاف
unsubscribe-head = إيقاف { $what }؟
unsubscribe-title = هل تريد إيقاف { $what } من { $brand }؟
nothing-yet = لن يتغير شيء قبل أن تضغط على الزر.
choose-instead = أو اختر ما تريد أن يصلك
done-head = تم: أوقفنا { $what }
done-title = تم. أوقفنا { $what }.
done-plain = تم. أوقفنا { $what } من { $brand }.
done-saved-head = تم الحفظ: نوقف { $what }
done-saved-title = تم الحفظ. نوقف { $what }.
done-saved-plain = تم الحفظ. نوقف { $what } من { $brand }.
in-force-since = ساري منذ { $at }.
late-email = قد تصلك رسالة أُرسلت قبل ذلك.
late = قد يصلك ما أُرسل قبل ذلك.
stopped-email = توقف الإرسال إلى { $address }
stopped-phone = توقف الإرسال إلى الهاتف المنتهي بالرقم { $digits }
stopped-both = توقف الإرسال إلى { $address } والهاتف المنتهي بالرقم { $digits }
everything-else = الرسائل النصية والمكالمات وكل ما عداها
undo-title = ضغطت بالخطأ؟
undo-say = يمكننا أن نسألك بالبريد الإلكتروني لنعرف أنك أنت.
undo-button = اسألوني بالبريد الإلكتروني

## الاختيارات
preferences-head = ماذا يمكننا أن نرسل إليك؟
preferences-title = ماذا يمكن لـ { $brand } أن ترسل إليك؟
in-force-head = ساري
saved-soon-head = تم الحفظ، ويسري بعد ثانية تقريباً
saved-soon = تم الحفظ. يسري بعد ثانية تقريباً.
saved-before-head = تم الحفظ، ويسري قبل إرسال أي شيء آخر
saved-before = تم الحفظ. يسري قبل إرسال أي شيء آخر.
may-close = يمكنك إغلاق هذه الصفحة.
check-again = تحقق مرة أخرى
none-goes-out = من الآن لن يُرسل منه شيء.
stop-title = لا شيء على الإطلاق
stop-say = لا تسويق بالبريد الإلكتروني أو الرسائل النصية أو الهاتف أو التطبيق.
stop-button = أوقف كل شيء
choose-title = أو اختر
choose-say = أزل العلامة لإيقاف ما لا تريده.
choose-all-off = كل شيء متوقف.
choose-ask = ولتشغيل شيء نسألك أولاً بالبريد الإلكتروني.
off = متوقف
off-since = متوقف منذ { $day }
off-stop = متوقف منذ أن أرسلت STOP في { $day }
turn-on = التشغيل بالبريد الإلكتروني
stopping = جارٍ الإيقاف
stopped = متوقف
save = حفظ
save-say = يسري ما توقفه بعد ثانية تقريباً من الحفظ.
gpc = يطلب متصفحك عدم بيع بياناتك أو مشاركتها (Global Privacy Control)، ونحن نلتزم بذلك: سُجّل رفضك. لا علاقة لهذا بالرسائل.
away-head = لا يمكن عرض اختياراتك الآن
away-title = لا يمكننا عرض اختياراتك الآن.
away-say = الإيقاف ما زال ممكناً: يُحفظ الآن ويسري قبل إرسال أي شيء آخر.
away-one = أو أوقف { $what } فقط
away-again = حاول عرض الاختيارات مرة أخرى

## كل شيء متوقف
stopped-head = كل شيء متوقف
stopped-title = كل شيء متوقف.
stopped-saved-head = تم الحفظ: نوقف كل شيء
stopped-saved-title = تم الحفظ. نوقف كل شيء.
stopped-late = قد يصلك اليوم ما أُرسل قبل ذلك.
back-to-choices = العودة إلى اختياراتك

## الاشتراك
sign-up-head = ماذا تود أن يصلك؟
sign-up-title = ماذا تود أن يصلك من { $brand }؟
sign-up-say = نرسل إليك رسالة فيها رابط، ولا يُشغَّل شيء قبل أن تضغط على الزر خلفه.
sign-up-choose = بالبريد الإلكتروني
sign-up-button = أرسلوا لي هذه الرسالة
nothing-ticked = لم تختر شيئاً.
nothing-ticked-say = يرجى اختيار ما تود أن يصلك.
old-text = تغيّر النص.
old-text-say = تغيّر النص بينما كانت هذه الصفحة مفتوحة. يرجى قراءته مرة أخرى والضغط على الزر من جديد.

## الرسالة التي تسأل
mail-subject = يرجى التأكيد: رسائل من { $brand }
mail-asked = طلب أحدهم، ولعله أنت، من { $brand } ما يلي في { $at }:
mail-link = للموافقة افتح هذه الصفحة واضغط على الزر فيها:
mail-until = الصفحة صالحة حتى { $day }، وفتحها لا يغير شيئاً.
mail-not = لست أنت؟ لا تفعل شيئاً ولن يصلك شيء.

## التأكيد
confirm-head = يرجى التأكيد
confirm-title = هل تريد { $what } من { $brand }؟
confirm-title-all = هل تريد ما يلي من { $brand }؟
confirm-by-email = تصلك بالبريد الإلكتروني.
confirm-by-text = تصلك بالرسائل النصية.
confirm-by-whatsapp = تصلك عبر واتساب.
confirm-by-push = تصلك في التطبيق.
confirm-by-call = تصلك بالهاتف.
confirm-asked = طلب أحدهم ذلك، ولعله أنت، في { $at }.
confirm-button = نعم، أريد ذلك
confirm-not = لست أنت، أو غيرت رأيك؟ أغلق هذه الصفحة ولن يُرسل شيء. هذا الرابط صالح حتى { $day }.
confirmed-head = شكراً، تم التأكيد
confirmed-title = شكراً. ستصلك { $what }.
confirmed-title-all = شكراً. سيصلك ما طلبته.
confirmed-before = لقد أكدت ذلك من قبل.
confirmed-before-say = لم يتغير شيء الآن. اختياراتك تبيّن ما هو ساري.
confirmed-at = تم التأكيد: { $at }. يمكنك إيقافها في أي وقت.
your-choices = اختياراتك

## روابط لا تعمل
expired-head = هذا الرابط لا يعمل
expired-title = هذا الرابط لم يعد يعمل.
expired-again = يمكننا إرسال رابط جديد إلى البريد نفسه بشأن ما يلي:
expired-form = هل أردت أن يصلك شيء؟
expired-say = تعمل روابط التأكيد لمدة { $days ->
    [one] يوم واحد
    [two] يومين
    [few] { $days } أيام
    [many] { $days } يوماً
   *[other] { $days } يوم
  }. أو ضاع جزء من الرابط في الطريق.
address = عنوان بريدك الإلكتروني
address-say = لا نستخدمه إلا لما تختاره هنا.
no-address = هذا ليس عنوان بريد إلكتروني.
no-address-say = يرجى كتابته مرة أخرى، مثل name@example.com.
expired-button = أرسلوا لي رابطاً جديداً
only-stop = تريد فقط إيقاف شيء؟
only-stop-email = الرسائل الإلكترونية: استخدم الرابط في أي من رسائلنا، فهو صالح دائماً.
only-stop-text = الرسائل النصية: أجب بكلمة **STOP**.
only-stop-else = أي شيء آخر: اكتب إلى { $address }.
sent-head = انظر في بريدك الوارد
sent-title = انظر في بريدك الوارد.
sent-say = إن كان يجوز لنا أن نكتب إلى هذا العنوان، فهناك رسالة فيها رابط في الطريق إليك. قد يستغرق ذلك دقيقة.
sent-nothing-yet = لن يتغير شيء قبل أن تضغط على الزر خلف ذلك الرابط.

## عندما لا ينجح الأمر
not-saved-head = لم يُحفظ، يرجى الضغط مرة أخرى
not-saved-title = لم نتمكن من حفظ ذلك. يرجى الضغط مرة أخرى.
not-yet-email = الخطأ من عندنا، و**لم تتوقف رسائلك بعد.**
not-yet-text = الخطأ من عندنا، و**لم تتوقف رسائلك النصية بعد.**
not-yet-whatsapp = الخطأ من عندنا، و**لم تتوقف رسائلك بعد.**
not-yet-push = الخطأ من عندنا، و**لم تتوقف إشعاراتك بعد.**
not-yet-call = الخطأ من عندنا، و**لم تتوقف مكالماتك بعد.**
not-yet-all = الخطأ من عندنا، و**لم يتوقف شيء بعد.**
not-yet-ask = الخطأ من عندنا، و**لم تُرسل إليك رسالة بعد.**
not-yet-confirm = الخطأ من عندنا، و**لم يُشغَّل شيء بعد.**
not-saved-write = إن لم ينجح مرة أخرى، فاكتب إلى { $address }. هذا يكفي أيضاً.
problem-title-request = لم نتمكن من قراءة ذلك.
problem-say-request = لم يتغير شيء. يرجى العودة إلى الرابط في الرسالة والبدء من جديد.
problem-title-form = بقيت هذه الصفحة مفتوحة أطول من اللازم.
problem-say-form = لم يتغير شيء. يرجى فتح الرابط مرة أخرى والضغط من جديد.
problem-title-page = لا توجد صفحة كهذه.
problem-say-page = ربما ضاع جزء من العنوان في الطريق. استخدم الرابط في الرسالة.
problem-title-large = كان ذلك كثيراً دفعة واحدة.
problem-say-large = لم يتغير شيء. يرجى العودة إلى الرابط في الرسالة والبدء من جديد.
problem-title-many = يرجى الانتظار قليلاً.
problem-say-many = كانت المحاولات كثيرة. لم يتغير شيء. حاول مرة أخرى بعد { $seconds ->
    [one] ثانية واحدة
    [two] ثانيتين
    [few] { $seconds } ثوانٍ
    [many] { $seconds } ثانية
   *[other] { $seconds } ثانية
  }.
problem-title-ours = حدث خطأ ما هنا.
problem-say-ours = الخطأ من عندنا. اعتبره غير محفوظ وحاول مرة أخرى.
problem-again = حاول مرة أخرى
problem-write = يمكنك دائماً أن تكتب إلى { $address } لإيقاف أي شيء. هذا يكفي أيضاً.
