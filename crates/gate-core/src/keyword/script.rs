//! Scripts that write words without blanks: Chinese, Japanese, Thai and, as people write texts, Korean. Their words are
//! sought within the clause; short ones with other uses must be all of it.

use super::lexicon::Word;
use super::meaning::Meaning;
use super::spelling::spelled;
use std::sync::LazyLock;

/// Whether a letter belongs to a script that sets no blanks between words.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}'
        | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}' | '\u{3130}'..='\u{318f}'
        | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

/// Do not stop; sought first.
const NEGATED: &str = "不退订 不退訂 不要退订 不要退訂 不想退订 不想退訂 别退订 別退訂 不用退订 不用退訂 不取消 不要取消 不要停止 别停 別停 不会退订 沒有退訂 没有退订
    解除しないで 停止しないで 停止しません 解除しません 止めないで やめないで 取り消さない キャンセルしないで
    취소하지마 취소하지말 거부하지마 거부안 중지하지마 중지하지말 그만두지마 해지하지마 해지하지말 해지안
    ไม่ยกเลิก อย่ายกเลิก อย่าหยุด ไม่หยุด ไม่ต้องหยุด";

/// Stop, or the wrong person, wherever it stands.
const ANYWHERE: &str = "退订 退訂 取消订阅 取消訂閱 取消訂閲 取消关注 取消接收 拒收 拒绝接收 拒絕接收 停止订阅 停止訂閱 退出订阅
    不要再发 不要再發 不要再给 不要再給 别再发 別再發 不要再傳 不要再传 別再傳 别再传 别发了 別發了 不要发了 不要發了 不要发短信 不要發短信 不要发信息
    不要發訊息 不要发消息 不要传讯 勿再发 勿再發 勿发 勿發 勿扰 勿擾 请勿联系 請勿聯絡 请勿打扰 請勿打擾 不要打扰 不要打擾 别打扰 別打擾 不要騷擾 不要骚扰
    别骚扰 別騷擾 别烦我 別煩我 不要烦我 不要煩我 停止发送 停止發送 停止发 停止發 停止傳送 停止骚扰 停止騷擾 停止推送 停止接收 停发 停發 别给我发 別給我發
    别给我 不要给我发 不要給我發 不要給我傳 別傳 不要传 不要傳 不要寄 別寄 不要联系我 不要聯絡我 不要联络我 别联系 別聯絡 不想收到 不想再收 不想收 不再接收
    不再收 不需要短信 不接收 不接受短信 删除我 刪除我 删掉我 刪掉我 移除我 把我移 把我从 把我從 把我的号码 把我的號碼 名单中删 名單中刪 我要退出 我想退出
    打错 打錯 发错 發錯 传错 傳錯 错号 錯號 号码错 號碼錯 号码不对 號碼不對 错误号码 錯誤號碼 错误的号码 錯誤的號碼 认错人 認錯人 找错人 找錯人 搞错人 搞錯人
    不是我的号码 不是我的號碼 不是本人 不是他的号码 不是她的号码 撤回同意 撤销同意 撤銷同意
    配信停止 配信を停止 配信をやめ 配信を止め 配信解除 配信不要 配信拒否 受信拒否 送らないで 送信しないで 送ってこないで 送ってくるな 送るな 送信停止 送信を停止
    メールしないで 連絡しないで 連絡してこないで 連絡不要 メール不要 メッセージ不要 登録解除 登録を解除 解除して 解除したい 解除をお願い 解除希望 停止して 停止したい
    停止希望 停止をお願い 退会 購読解除 購読停止 購読をやめ やめてください やめて下さい やめてくれ やめてほしい 止めてください 止めて下さい 止めてほしい 辞めてください
    もういらない もう要らない もう結構 要りません いりません 番号間違 番号違い 番号が違 番号を間違 間違い電話 間違い番号 間違えて送 人違い 宛先違い 宛先間違 宛先が違
    送信先を間違 送り先を間違 番号はもう 削除してください 削除して下さい 消してください 同意を撤回 リストから 受け取りたくない 迷惑なのでやめ
    수신거부 수신을거부 수신안함 수신해지 수신중단 수신을원하지 수신동의철회 동의철회 그만보내 그만보내세요 그만좀 그만하세요 그만해 그만연락 보내지마 보내지말 보내지않
    안보내 문자그만 문자중지 문자하지마 문자하지말 문자보내지 연락하지마 연락하지말 연락그만 구독취소 구독해지 구독중지 구독거부 탈퇴 차단해 번호삭제 삭제해주 삭제바랍
    삭제부탁 삭제요청 지워주 빼주세요 빼줘 해지해 해지요청 해지신청 해지부탁 중지해 중단해 중단바랍 중지바랍 받고싶지않 받기싫 원치않 거부합니다 거부해요 거부요
    번호잘못 잘못보내 잘못거 잘못온 잘못된번호 잘못연락 번호가틀 번호틀 번호가아 제번호아니 제번호가아니 번호바뀌 번호가바뀌 사람잘못 다른사람번호 다른사람입니다
    아닙니다잘못 광고보내지 광고그만 광고거부
    ยกเลิกการรับ ยกเลิกรับ ยกเลิกข้อความ ยกเลิกsms ยกเลิกการส่ง ยกเลิกส่ง ยกเลิกการสมัคร ยกเลิกสมัคร ยกเลิกติดตาม ยกเลิกการติดตาม ยกเลิกข่าว ยกเลิกโฆษณา
    ยกเลิกการแจ้งเตือน ยกเลิกแจ้งเตือน ยกเลิกทั้งหมด หยุดส่ง หยุดการส่ง หยุดรบกวน เลิกส่ง เลิกรบกวน อย่าส่ง ไม่ต้องส่ง ไม่ต้องส่งมา ไม่อยากรับ ไม่อยากได้
    ไม่ต้องการรับ ไม่ขอรับ ไม่รับข่าว ไม่รับข้อความ ไม่รับsms ไม่รับโฆษณา ห้ามส่ง อย่าติดต่อ อย่ารบกวน ลบเบอร์ ลบหมายเลข ลบชื่อ ผิดเบอร์ เบอร์ผิด โทรผิด ส่งผิด
    ผิดคน ไม่ใช่เบอร์ เบอร์นี้ไม่ใช่ ขอยกเลิกการ ไม่ใช่เจ้าของเบอร์";

/// Do not, stop, and what is not to be done, at most [`PAIR_CHARS_MAX`] signs apart.
const PAIRS: [(&str, &str); 4] = [
    (
        "不要 别 別 勿 不用 不想 不再 停止 拒绝 拒絕 不必 不准 不许 不許 别再 禁止",
        "发短信 發短信 发信息 發信息 發訊息 发消息 發消息 再发 再發 再傳 再传 给我发 給我發 給我傳 给我传 发给我 發給我 傳給我 推送 打扰 打擾 联系我 聯絡我 联络我 收到短信 收到信息 收到訊息 收短信 收訊息 骚扰 騷擾 发送 發送 傳送 推销 推銷 接收",
    ),
    (
        "送 配信 連絡 メール メッセージ 送信 通知",
        "ないで いらない 要らない 不要 やめて 止めて 停止 しないで 結構です 拒否",
    ),
    (
        "보내 스팸 연락 문자 메시지 메세지 발송 전송 광고 카톡 수신 알림",
        "지마 지말 하지마 그만 중지 거부 필요없 싫 원하지않 원치않 받지않 멈춰 중단 끊어 해지",
    ),
    (
        "ไม่ อย่า หยุด เลิก ห้าม ยกเลิก",
        "ส่งข้อความ ส่งsms ส่งมา ส่งอีก รับข้อความ รับข่าว รับsms รบกวน ติดต่อมา โฆษณา ข้อความ สมาชิก สมัคร การแจ้งเตือน",
    ),
];
/// Most signs between the two of a pair.
const PAIR_CHARS_MAX: usize = 8;

/// Stop from everything.
const ANYWHERE_ALL: &str = "全部退订 全部退訂 退订全部 退訂全部 取消所有订阅 全て停止 すべて停止 全て解除 全部停止 전체수신거부 모두수신거부 모두거부 전부거부 ยกเลิกทั้งหมด";

/// Stop when they are all of a clause, but for politeness.
const WHOLE: &str = "停止 解除 取消 退 拒绝 拒絕 停 中止 退出 退閱 不要 别发 別發 停掉 ストップ キャンセル やめて やめろ 止めて 停止する 解除する 拒否 不要です 要らない いらない
    중지 중단 그만 해지 스톱 스탑 취소 거부 정지 멈춰 멈춰요 거절 삭제 ยกเลิก หยุด เลิก ลบ พอ พอแล้ว";

/// With something behind them a person should look: an order may be meant.
const DOUBTFUL: &str = "取消 停止 中止 キャンセル 해지 취소 중지 ยกเลิก หยุด 骚扰 騷擾 垃圾短信 垃圾訊息 广告 廣告 诈骗 詐騙 迷惑 스팸 광고 ไม่สนใจ รบกวน 不感兴趣 不感興趣 没兴趣 興味ありません 興味ない 관심없";

/// Other words with the same signs: out of service, an end of work.
const OTHER: &str = "停止营业 停止營業 营业停止 停止時間 停止位置 一時停止 停止しました 停止中 停止了吗 停止了嗎 解除しました 中止です 中止になり 中止ですか 公車站 发货 發貨 送货 送貨 发快递 停车 停車 停電 停电
    퇴근 그만큼 그만한 버스정류장";

/// Politeness in front and behind.
const POLITE: &str = "请 請 麻烦 麻煩 拜托 拜託 谢谢 謝謝 多谢 多謝 谢 感谢 您好 你好 我要 我想 我 了 吧 啊 立即 马上 馬上
    お願いします お願いいたします おねがいします お願い致します お願い をお願い をおねがい してください して下さい ください 下さい です ます します で を すみません 今すぐ
    해주세요 해주십시오 해주시기바랍니다 부탁드립니다 부탁드려요 부탁합니다 부탁해요 요청합니다 요청 바랍니다 할게요 합니다 해요 하세요 하십시오 해줘요 해줘 해 요 이요 좀 제발
    ครับ ค่ะ คะ ค้าบ จ้า นะ ด้วย กรุณา โปรด ขอ ช่วย หน่อย ขอบคุณ";

struct Signs {
    pairs: Vec<(Vec<String>, Vec<String>)>,
    kinds: Vec<(Option<Meaning>, Vec<String>)>,
    whole: Vec<String>,
    doubtful: Vec<String>,
    polite: Vec<String>,
}

static SIGNS: LazyLock<Signs> = LazyLock::new(|| {
    let listed = |list: &'static str| -> Vec<String> {
        let mut words: Vec<String> = list.split_whitespace().map(spelled).collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        words
    };
    Signs {
        pairs: PAIRS.iter().map(|(what, deed)| (listed(what), listed(deed))).collect(),
        kinds: vec![
            (Some(Meaning::Negated), listed(NEGATED)),
            (Some(Meaning::RefusalAll), listed(ANYWHERE_ALL)),
            (None, listed(OTHER)),
            (Some(Meaning::Refusal), listed(ANYWHERE)),
        ],
        whole: listed(WHOLE),
        doubtful: listed(DOUBTFUL),
        polite: listed(POLITE),
    }
});

/// What a clause in such a script says; `None` when it says nothing of ours.
pub(super) fn meaning(words: &[Word<'_>]) -> Option<Meaning> {
    if !words.iter().any(|word| word.text.chars().any(is_unspaced)) {
        return None;
    }
    let clause: String = words.iter().map(|word| word.text).collect();
    let has = |list: &[String]| list.iter().any(|word| clause.contains(word.as_str()));
    for (meaning, list) in &SIGNS.kinds {
        if has(list) {
            return *meaning;
        }
    }
    if SIGNS.pairs.iter().any(|(what, deeds)| has_pair(&clause, what, deeds)) {
        return Some(Meaning::Refusal);
    }
    let bare = without_politeness(&clause);
    if SIGNS.whole.iter().any(|word| word == bare || *word == clause) {
        return Some(Meaning::Refusal);
    }
    has(&SIGNS.doubtful).then_some(Meaning::Doubtful)
}

/// Whether one of these stands before one of those, a few signs apart.
fn has_pair(clause: &str, whats: &[String], deeds: &[String]) -> bool {
    whats.iter().any(|what| {
        clause.match_indices(what.as_str()).any(|(index, what)| {
            let rest = clause.get(index + what.len()..).unwrap_or_default();
            deeds.iter().any(|deed| {
                rest.find(deed.as_str()).is_some_and(|at| {
                    rest.get(..at).is_some_and(|between| between.chars().count() <= PAIR_CHARS_MAX)
                })
            })
        })
    })
}

fn without_politeness(clause: &str) -> &str {
    let mut rest = clause;
    loop {
        let is_whole = SIGNS.whole.iter().any(|word| word == rest);
        let shorter = SIGNS.polite.iter().find_map(|word| {
            let shorter =
                rest.strip_prefix(word.as_str()).or_else(|| rest.strip_suffix(word.as_str()))?;
            (!shorter.is_empty()).then_some(shorter)
        });
        match shorter {
            Some(shorter) if !is_whole => rest = shorter,
            Some(_) | None => return rest,
        }
    }
}
